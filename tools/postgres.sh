# Functions for scripts that start a PostgreSQL server of their own. The script has set `directory`, an absolute path: the server's
# data are in `$directory/data`, its log is `$directory/log`, and it listens on a socket in `$directory` only.
# shellcheck shell=bash

postgres_programs=
for candidate in /usr/lib/postgresql/*/bin; do [ -x "$candidate/initdb" ] && postgres_programs=$candidate; done
[ -n "$postgres_programs" ] || postgres_programs=$(dirname "$(command -v initdb)")

# PostgreSQL refuses to run as root.
postgres_as=()
if [ "$(id -u)" = 0 ]; then
  postgres_user=nobody
  if id postgres >/dev/null 2>&1; then postgres_user=postgres; fi
  postgres_as=(setpriv --reuid "$postgres_user" --regid "$(id -g "$postgres_user")" --clear-groups --)
fi

# Runs a program of PostgreSQL as the user that owns the data.
postgres_run() { # program arguments…
  local program=$1
  shift
  (cd / && exec "${postgres_as[@]}" "$postgres_programs/$program" "$@")
}

# Starts the server with further settings (`-c name=value …`). Creates its data if there are none.
postgres_start() { # settings…
  if [ -n "${postgres_user-}" ]; then
    chown "$postgres_user" "$directory"
    "${postgres_as[@]}" test -x "$directory" ||
      { echo "the user $postgres_user, as which PostgreSQL runs, cannot enter $directory; choose another directory" >&2; return 1; }
  fi
  if [ ! -f "$directory/data/PG_VERSION" ]; then
    postgres_run initdb --pgdata "$directory/data" --username patchbay --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
      --no-instructions >/dev/null
  fi
  postgres_run pg_ctl --pgdata "$directory/data" --log "$directory/log" --wait --silent start \
    -o "-k $directory -c listen_addresses= -c port=5432 $*" || { cat "$directory/log" >&2; return 1; }
}

# Stops the server: `INT` lets it write what it has, `QUIT` does not.
postgres_stop() { # signal
  local file=$directory/data/postmaster.pid pid
  [ -f "$file" ] || return 0
  pid=$(head -1 "$file")
  kill "-$1" "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

# Prints the URL of a database of the server.
postgres_url() { # database
  printf 'postgres://patchbay@localhost/%s?host=%s&port=5432\n' "$1" "$directory"
}
