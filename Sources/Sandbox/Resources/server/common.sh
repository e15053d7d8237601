# What the scripts of a server in a sandbox share.
deployment=$(cd "$(dirname "$0")" && pwd -P)
while [ ! -e "$deployment/version.py" ]; do deployment=$(dirname "$deployment"); done
root=$(cd "$deployment/../../../.." && pwd -P)
state=$root/var/run/@brand@
logs=$root/var/log/@brand@
mkdir -p "$state" "$logs"

# Notes what was asked of a script, each argument in brackets.
note() {
  printf '%s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$logs/scripts.log"
  for word in "$@"; do printf ' [%s]' "$word" >>"$logs/scripts.log"; done
  printf '\n' >>"$logs/scripts.log"
}

# A file of the script's name in var/broken makes it fail with the words that it holds.
fail_if_broken() {
  if [ -e "$root/var/broken/$1" ]; then
    cat "$root/var/broken/$1" >&2
    exit 1
  fi
}

# A process that has ended may keep its number until somebody looks after it.
is_alive() {
  kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

server_pid() {
  [ -e "$state/server.pid" ] || return 1
  pid=$(cat "$state/server.pid")
  is_alive "$pid" || return 1
  echo "$pid"
}
