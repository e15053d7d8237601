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
change_realm_subdomain) echo "Done!" ;;
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
