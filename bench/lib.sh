# Small parts of run.sh: processes that are ended by their pid, free ports, medians. Sourced, not run.

# The processes that run.sh has started and not yet ended.
declare -A running=()

# Starts a command in the background, its output in a file, and remembers its pid in $started.
start() { # log-file command…
  local log=$1
  shift
  "$@" >"$log" 2>&1 &
  started=$!
  running[$started]=1
}

# Ends one process by its pid and waits for it. Its pid is forgotten: another process may get it.
stop() { # pid
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  unset "running[$1]"
}

# Ends everything that was started and removes the working directory.
cleanup() {
  local pid
  for pid in "${!running[@]}"; do stop "$pid"; done
  rm -rf "$work"
}

fail() { # message [log-file]
  echo "bench: $1" >&2
  if [ -n "${2:-}" ] && [ -s "$2" ]; then
    echo "its last words:" >&2
    tail -n 20 "$2" >&2
  fi
  exit 1
}

# Whether someone accepts connections on a loopback port.
accepts() { # port
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The first port from a number on that nobody listens on.
free_port() { # from
  local port=$1
  while accepts "$port"; do port=$((port + 1)); done
  echo "$port"
}

# Waits until a port accepts connections, as long as the process lives.
await_port() { # port pid name log-file
  local tries=0
  until accepts "$1"; do
    kill -0 "$2" 2>/dev/null || fail "$3 did not start" "$4"
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "$3 does not answer on port $1" "$4"
    sleep 0.05
  done
}

# The median of its arguments (the mean of the middle two when their number is even).
median() { # number…
  printf '%s\n' "$@" | sort -g | awk '
    { value[NR] = $1 }
    END { m = int((NR + 1) / 2); print NR % 2 ? value[m] : (value[m] + value[m + 1]) / 2 }'
}

# One field of /proc/PID/status in MiB, such as VmRSS or VmHWM.
memory() { # pid field
  awk -v field="$2:" '$1 == field { printf "%.1f", $2 / 1024 }' "/proc/$1/status"
}

# A text member of a small JSON object; enough for ids and tokens.
member() { # name, JSON on standard input
  sed -nE "s/.*\"$1\" *: *\"([^\"]+)\".*/\1/p" | head -n 1
}
