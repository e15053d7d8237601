#!/bin/sh
# Stands in for the server's management program: notes what it was asked, answers as the real one would.
set -eu
. "$(dirname "$0")/scripts/lib/common.sh"
command=${1:-help}
note manage.py "$@"
fail_if_broken "manage.py-$command"
case $command in
checkconfig) ;;
send_password_reset_email) echo "Password reset e-mail sent" ;;
flush_memcached) ;;
change_realm_subdomain)
  # The row moves as it does there; the closed organization that the real one leaves at the old place is not made.
  shift
  while [ $# -gt 0 ]; do
    case $1 in
    -r) old=$2 && shift ;;
    --*) ;;
    *) new=$1 ;;
    esac
    shift
  done
  etc=$root/etc/@brand@
  value() { sed -n "s/^$1 *= *\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$2"; }
  psql=$(command -v psql || ls /usr/lib/postgresql/*/bin/psql | tail -n 1)
  "$psql" -X -q -v ON_ERROR_STOP=1 -h "$(value REMOTE_POSTGRES_HOST "$etc/settings.py")" -U @brand@ \
    -d "$(value database_name "$etc/@brand@.conf")" -v old="$old" -v new="$new" <<'SQL'
UPDATE zerver_realm SET string_id = :'new' WHERE string_id = :'old';
SQL
  echo "Done!"
  ;;
enqueue_file)
  # One event a line; the real one prints each.
  while read -r event; do echo "Queueing to queue $2: $event"; done
  ;;
migrate) echo "No migrations to apply." ;;
register_server)
  echo "This shares the host name, the contact address and figures of each organization with the service."
  printf 'Do you want to agree to its terms and proceed? [Y/n] '
  if ! read -r answer; then
    echo
    echo "EOFError: EOF when reading a line" >&2
    exit 1
  fi
  echo
  case $answer in
  y | Y | yes | "") echo "Mobile Push Notification Service registration successfully updated!" ;;
  esac
  ;;
help) echo "Type 'manage.py help <subcommand>' for help on a specific subcommand." ;;
*)
  echo "Unknown command: '$command'" >&2
  echo "Type 'manage.py help' for usage." >&2
  exit 1
  ;;
esac
