#!/bin/bash
# on-postgres.sh PROGRAM ARGUMENTS…: runs the program under test on PostgreSQL. Each data directory has a database of its own on
# the server that PATCHBAY_TEST_DATABASE names, with the name that `database.rs` gives it.
set -euo pipefail

server=$PATCHBAY_TEST_DATABASE
unset PATCHBAY_TEST_DATABASE
data_dir='' previous=''
for argument in "$@"; do
  case $argument in
    --database-url) exec "$@" ;;
    --data-dir=*) data_dir=${argument#--data-dir=} ;;
  esac
  if [ "$previous" = --data-dir ]; then data_dir=$argument; fi
  previous=$argument
done
if [ -n "$data_dir" ] && [ -z "${PATCHBAY_DATABASE_URL-}" ]; then
  name=${data_dir//[^A-Za-z0-9]/_}
  if [ ${#name} -gt 60 ]; then name=${name: -60}; fi
  for directory in /usr/lib/postgresql/*/bin; do PATH=$directory:$PATH; done
  # It exists if a server used the directory before.
  psql "$server" --no-psqlrc --quiet --command "CREATE DATABASE \"$name\" TEMPLATE template0" 2>/dev/null || true
  export PATCHBAY_DATABASE_URL=${server/\/postgres\?//$name\?}
fi
exec "$@"
