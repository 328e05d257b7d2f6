# Helper functions of run.sh for processes, ports and medians. Sourced, not run.

# The running processes that run.sh started.
declare -A running=()

# Starts a command in the background with its output in a file. Stores its pid in $started.
start() { # log-file command…
  local log=$1
  shift
  "$@" >"$log" 2>&1 &
  started=$!
  running[$started]=1
}

# Stops one process by its pid and waits for it. Removes its pid, which another process may get.
stop() { # pid
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  unset "running[$1]"
}

# Stops all started processes and removes the working directory.
cleanup() {
  local pid
  for pid in "${!running[@]}"; do stop "$pid"; done
  rm -rf "$work"
}

fail() { # message [log-file]
  echo "bench: $1" >&2
  if [ -n "${2:-}" ] && [ -s "$2" ]; then
    echo "the end of its log:" >&2
    tail -n 20 "$2" >&2
  fi
  exit 1
}

# Returns success if a process accepts connections on a loopback port.
accepts() { # port
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Prints the first free port from a number on.
free_port() { # from
  local port=$1
  while accepts "$port"; do port=$((port + 1)); done
  echo "$port"
}

# Waits until a port accepts connections, while the process runs.
await_port() { # port pid name log-file
  local tries=0
  until accepts "$1"; do
    kill -0 "$2" 2>/dev/null || fail "$3 did not start" "$4"
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "$3 does not accept connections on port $1" "$4"
    sleep 0.05
  done
}

# Prints the median of its arguments (the mean of the middle two if their number is even).
median() { # number…
  printf '%s\n' "$@" | sort -g | awk '
    { value[NR] = $1 }
    END { m = int((NR + 1) / 2); print NR % 2 ? value[m] : (value[m] + value[m + 1]) / 2 }'
}

# Prints a field of /proc/PID/status in MiB, such as VmRSS or VmHWM.
memory() { # pid field
  awk -v field="$2:" '$1 == field { printf "%.1f", $2 / 1024 }' "/proc/$1/status"
}

# Prints a string member of a small JSON object, such as an id or a token.
member() { # name, JSON on standard input
  sed -nE "s/.*\"$1\" *: *\"([^\"]+)\".*/\1/p" | head -n 1
}
