# Runs a private PostgreSQL cluster for as long as its owner lives.
# Standard input is a pipe that only the owner holds open: it ends when the owner closes it, and when the owner dies,
# by whatever means. Then the cluster is stopped, and the servers that used it, and what was only for them is removed.
# Arguments: the folder of the servers ('' for none), the data folder, the socket folder, the user to run as ('' for this one), pg_ctl,
# and the folders to remove at the end.
servers=$1 data=$2 socket=$3 user=$4 control=$5
shift 5
trap '' HUP INT QUIT TERM PIPE

control() {
  if [ -n "$user" ]; then runuser -u "$user" -- "$control" -D "$data" -s -w "$@"; else "$control" -D "$data" -s -w "$@"; fi
}

cd / || exit 1
# Where a postmaster was killed, its children need a moment to notice, and hold on to its memory until then.
for attempt in 1 2 3 4 5 6; do
  if control -l "$data/server.log" -t 60 start </dev/null >/dev/null 2>&1; then
    echo ready
    break
  fi
  sleep 0.5
done
exec >/dev/null 2>&1
while read -r _; do :; done

if [ -n "$servers" ]; then
  for stop in "$servers"/*/home/*/deployments/current/scripts/stop-server; do
    if [ -x "$stop" ]; then "$stop" </dev/null; fi
  done
fi
control -m immediate -t 60 stop </dev/null
rm -rf "$socket" "$@"
exit 0
