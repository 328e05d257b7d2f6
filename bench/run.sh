#!/usr/bin/env bash
# Compares Patchbay with nginx's proxy_pass on this machine, in one run, on loopback. See README.md.
#
#   PATCHBAY_BIN    the binary, a release build                       [target/release/patchbay]
#   BENCH_ROUNDS    alternating rounds; medians are taken over them   [5]
#   BENCH_SECONDS   length of one measurement                         [5]
#   BENCH_STARTS    starts; the time to ready is their median         [10]
#   BENCH_EARLIER   another binary to measure in the same rounds      [none]
#
# The exit code is 0 unless a step failed; the numbers do not affect it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"

binary=${PATCHBAY_BIN:-$here/../target/release/patchbay}
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-5}
starts=${BENCH_STARTS:-10}
earlier=${BENCH_EARLIER:-}

# --- Requirements

PATH=$PATH:/usr/sbin
packages=()
command -v wrk >/dev/null || packages+=(wrk)
command -v nginx >/dev/null || packages+=(nginx-light)
command -v curl >/dev/null || packages+=(curl)
[ "${#packages[@]}" = 0 ] || fail "missing: ${packages[*]}; on Debian: apt-get install ${packages[*]}"
for file in "$binary" ${earlier:+"$earlier"}; do
  [ -x "$file" ] || fail "no binary at $file; build it with \`make build\`, or set PATCHBAY_BIN"
done

work=$(mktemp -d)
chmod 755 "$work"
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- The provider and the baseline

body='[{"id":1,"name":"Non-disclosure agreement"},{"id":2,"name":"Master services agreement"},{"id":3,"name":"Statement of work"},{"id":4,"name":"Data processing addendum"},{"id":5,"name":"Order form"},{"id":6,"name":"Consulting agreement, EU"}]'
body=$(printf '%-250s' "$body") # JSON may end in spaces: exactly 250 bytes

provider_port=$(free_port 18400)
baseline_port=$(free_port $((provider_port + 1)))

configure() { # name port
  sed -e "s|@WORK@|$work|g" -e "s|@PORT@|$2|g" -e "s|@UPSTREAM@|$provider_port|g" -e "s|@BODY@|$body|g" \
    "$here/nginx/$1.conf" >"$work/$1.conf"
}
for name in upstream baseline; do
  if [ "$name" = upstream ]; then port=$provider_port; else port=$baseline_port; fi
  configure "$name" "$port"
  start "$work/$name.out" nginx -p "$work" -e "$work/$name.log" -c "$work/$name.conf"
  await_port "$port" "$started" "nginx ($name)" "$work/$name.out"
done
baseline=http://127.0.0.1:$baseline_port/api/v2.1/public/contract_types/

# --- Patchbay

# The connector with a higher rate limit: the limiter is still in the path, but never delays a request.
mkdir "$work/connectors"
cp -r "$here/../connectors/spotdraft" "$work/connectors/"
sed -i -E 's/(mainRatelimit:) *[0-9.]+/\1 10000000/' "$work"/connectors/spotdraft/*.connector.yaml

export PATCHBAY_API_KEY=v1.local.bench-key-bench-key-bench-key
key=$PATCHBAY_API_KEY
mkfifo "$work/stdout"

overrides=(--connectors "$work/connectors")
# Starts a binary on a free port and waits for the first 200 of /healthz. Sets $patchbay (pid), $address, $ready (ms).
start_patchbay() { # binary data-directory
  local began line status port
  began=${EPOCHREALTIME/./}
  # The limit of API keys is off: a measurement sends more. An earlier binary that does not have it ignores the variable.
  PATCHBAY_KEY_REQUESTS_PER_MINUTE=0 \
    "$1" serve --listen 127.0.0.1:0 --data-dir "$work/$2" "${overrides[@]}" --log warn \
    --upstream "https://api.us.spotdraft.com=http://127.0.0.1:$provider_port" --egress-allow 127.0.0.1/32 \
    >"$work/stdout" 2>>"$work/patchbay.log" &
  patchbay=$!
  running[$patchbay]=1
  read -r line <"$work/stdout" || fail "patchbay did not start" "$work/patchbay.log"
  address=${line#listening on }
  port=${address##*:}
  # Uses a socket: starting curl would take longer than the server.
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n' >&3
  read -r status <&3
  ready=$(awk -v began="$began" -v ended="${EPOCHREALTIME/./}" 'BEGIN { printf "%.1f", (ended - began) / 1000 }')
  exec 3>&-
  [[ $status == *" 200 "* ]] || fail "/healthz returned: $status" "$work/patchbay.log"
}

call() { # path [curl arguments…]
  local path=$1
  shift
  curl -fsS --max-time 30 "$address$path" -H 'content-type: application/json' "$@" ||
    fail "cannot call $path" "$work/patchbay.log"
}

proxy_body='{"method":"get","path":"/contract_types/"}'
rpc_body='{"action":"spotdraft_list_contract_types"}'
# Links an account at $address and calls it once in each way. Sets $account.
link_account() {
  local token integration request path
  token=$(call /connect_sessions -u "$key:" \
    -d '{"origin_owner_id":"bench","origin_owner_name":"Bench","provider":"spotdraft"}' | member token)
  integration=$(call /hub/connectors -H "x-hub-session-token: $token" | member integration_id)
  account=$(call /hub/accounts -H "x-hub-session-token: $token" -d "{\"integration_id\":\"$integration\",\"credentials\":{
    \"clientId\":\"bench-client-id\",\"clientSecret\":\"bench-client-secret\",\"region\":\"us\"}}" | member id)
  [ -n "$account" ] || fail "no account was linked" "$work/patchbay.log"
  for request in "/unified/proxy $proxy_body" "/actions/rpc $rpc_body"; do
    path=${request%% *}
    call "$path" -u "$key:" -H "x-account-id: $account" -d "${request#* }" | grep -q 'Order form' ||
      fail "$path does not return the provider's data" "$work/patchbay.log"
  done
}

curl -fsS "$baseline" | grep -q 'Order form' || fail "the baseline does not return the provider's data" "$work/baseline.log"

# Memory at rest and the time to ready are measured with only the built-in connectors, in processes that did not link
# the account; the rates with the changed connector. Sets $rest and $ready_median.
prepare() { # binary data-directory
  local times=() i
  overrides=(--connectors "$work/connectors")
  start_patchbay "$1" "$2"
  link_account
  stop "$patchbay"
  for ((i = 0; i < starts; i++)); do
    start_patchbay "$1" "$2"
    times+=("$ready")
    stop "$patchbay"
  done
  ready_median=$(median "${times[@]}")
  overrides=()
  start_patchbay "$1" "$2"
  rest=$(memory "$patchbay" VmRSS)
  stop "$patchbay"
  overrides=(--connectors "$work/connectors")
  start_patchbay "$1" "$2"
}

headers_for() { # account
  echo "authorization: Basic $(printf '%s:' "$key" | base64 -w0)
content-type: application/json
x-account-id: $1"
}

if [ -n "$earlier" ]; then
  echo "==> The earlier binary: $starts starts, and linking an account"
  prepare "$earlier" earlier
  earlier_address=$address earlier_headers=$(headers_for "$account") earlier_process=$patchbay
  earlier_rest=$rest earlier_ready=$ready_median
fi
echo "==> $starts starts on a warm data directory, and linking an account"
prepare "$binary" data
headers=$(headers_for "$account")

# --- Measuring

# One measurement; appends "requests/s p50 p99" to the series of subject and connections.
declare -A series
measure() { # subject connections seconds [keep]
  local url method=POST data='' sent=$headers result rate p50 p99 failures
  case $1 in
    nginx) url=$baseline method=GET ;;
    proxy) url=$address/unified/proxy data=$proxy_body ;;
    rpc) url=$address/actions/rpc data=$rpc_body ;;
    earlier-proxy) url=$earlier_address/unified/proxy data=$proxy_body sent=$earlier_headers ;;
    earlier-rpc) url=$earlier_address/actions/rpc data=$rpc_body sent=$earlier_headers ;;
  esac
  if [ "$1" = nginx ]; then
    result=$(BENCH_METHOD=$method wrk -t1 -c"$2" -d"${3}s" -s "$here/request.lua" "$url")
  else
    result=$(BENCH_METHOD=$method BENCH_BODY=$data BENCH_HEADERS=$sent \
      wrk -t1 -c"$2" -d"${3}s" -s "$here/request.lua" "$url")
  fi
  read -r _ rate p50 p99 failures < <(grep '^RESULT' <<<"$result") || fail "wrk printed no numbers: $result"
  [ "$failures" = 0 ] || fail "$1 with $2 connections: $failures requests failed" "$work/patchbay.log"
  [ "${4:-}" = keep ] || return 0
  series[$1,$2,rate]+="$rate "
  series[$1,$2,p50]+="$p50 "
  series[$1,$2,p99]+="$p99 "
}

subjects=(nginx proxy rpc)
[ -z "$earlier" ] || subjects=(nginx earlier-proxy proxy earlier-rpc rpc)
echo "==> Measuring: $rounds rounds of $seconds s for each of ${subjects[*]}, at 1 and 64 connections"
for subject in "${subjects[@]}"; do measure "$subject" 64 2; done
for ((round = 0; round < rounds; round++)); do
  for connections in 1 64; do
    for subject in "${subjects[@]}"; do measure "$subject" "$connections" "$seconds" keep; done
  done
done
peak=$(memory "$patchbay" VmHWM)
after=$(memory "$patchbay" VmRSS)

# --- The table

# The ratio is computed within a round, in which the load of the machine is similar; then the median over the rounds.
ratio() { # subject connections [of, by default nginx]
  paste <(tr ' ' '\n' <<<"${series[$1,$2,rate]}") <(tr ' ' '\n' <<<"${series[${3:-nginx},$2,rate]}") |
    awk 'NF == 2 { print $1 / $2 }' | { mapfile -t all; median "${all[@]}"; }
}

cpu=$(sed -nE 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
echo
echo "$(date -u +%F), $(nproc) cores (${cpu:-unknown processor}), Linux $(uname -r), $(nginx -v 2>&1 | sed 's/.*: //'), $("$binary" --version)"
echo
printf '| %-28s | %11s | %10s | %8s | %8s | %8s | %6s |\n' '' connections requests/s 'p50 µs' 'p99 µs' 'of nginx' target
printf '|%s|%s|%s|%s|%s|%s|%s|\n' ------------------------------ ------------: -----------: ---------: ---------: ---------: -------:
for connections in 1 64; do
  for subject in "${subjects[@]}"; do
    case $subject in
      earlier-*) label="the earlier binary, ${subject#*-}" target='' ;;
      nginx) label='nginx `proxy_pass`' target='' ;;
      proxy) label='Patchbay `/unified/proxy`' target=0.40 ;;
      rpc) label='Patchbay `/actions/rpc`' target=0.25 ;;
    esac
    # Word splitting is what turns a series into numbers.
    # shellcheck disable=SC2086
    printf '| %-28s | %11d | %10.0f | %8.0f | %8.0f | %8s | %6s |\n' "$label" "$connections" \
      "$(median ${series[$subject,$connections,rate]})" "$(median ${series[$subject,$connections,p50]})" \
      "$(median ${series[$subject,$connections,p99]})" \
      "$([ "$subject" = nginx ] || printf '%.2f' "$(ratio "$subject" "$connections")")" "$target"
  done
done
echo
printf '| %-44s | %9s | %8s |\n' '' measured target
printf '|%s|%s|%s|\n' ---------------------------------------------- ----------: ---------:
printf '| %-44s | %5s MiB | %8s |\n' 'Memory at rest' "$rest" '< 30 MB'
printf '| %-44s | %5s MiB | %8s |\n' 'Memory, highest under load' "$peak" ''
printf '| %-44s | %5s MiB | %8s |\n' 'Memory after the load' "$after" ''
printf '| %-44s | %6s ms | %8s |\n' "Time to ready, median of $starts starts" "$ready_median" '200 ms'
if [ -n "$earlier" ]; then
  echo
  printf '| %-44s | %9s | %9s |\n' 'Ratio to the earlier binary, 1 is equal' proxy rpc
  printf '|%s|%s|%s|\n' ---------------------------------------------- ----------: ----------:
  for connections in 1 64; do
    printf '| %-44s | %9.2f | %9.2f |\n' "Requests/s at $connections connections" \
      "$(ratio proxy "$connections" earlier-proxy)" "$(ratio rpc "$connections" earlier-rpc)"
  done
  echo
  echo "The earlier binary: $earlier_rest MiB at rest, $(memory "$earlier_process" VmHWM) MiB highest, ready after $earlier_ready ms."
fi
