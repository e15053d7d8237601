# The process of a running server. It ends by itself when the cluster of its sandbox has no supervisor any more.
# Arguments: the folder for the heartbeat, the mark that the supervisor's owner keeps.
trap 'exit 0' TERM INT HUP
while [ -e "$2" ] && kill -0 "$(cat "$2" 2>/dev/null)" 2>/dev/null; do
  date -u +%Y-%m-%dT%H:%M:%SZ >"$1/heartbeat" || exit 0
  sleep 1 &
  wait $!
done
