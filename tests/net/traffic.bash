# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Traffic of every kind through node1, for what changes while it runs.

# traffic SECONDS: start requests and streams of every kind in the background.
traffic() {
	running=()
	follow client-loop probe_from client loop "${ALL_EXTERNAL[0]}" 90 "$1"
	follow pod-loop probe_from web-2 loop "${ALL[1]}" 90 "$1"
	follow node-loop probe_from node1 loop "${ALL[0]}" 90 "$1"
	follow udp probe_from client udp "${FAR_EXTERNAL[1]}" 90 --connect --interval 0.05 --count $(($1 * 20))
	follow tcp lab_in client timeout -s KILL $(($1 + 20)) iperf3 --forceflush -b 50M -c "${FAR_EXTERNAL[0]}" -t "$1"
	follow near lab_in web-2 timeout -s KILL $(($1 + 20)) iperf3 --forceflush -b 50M -c "${NEAR[0]}" -t "$1"
	sleep 0.4
}

follow() {
	"${@:2}" >"$LAB_DIR/traffic.$1" 2>&1 3>&- &
	running+=($!)
}

# No request failed, no datagram was lost, no stream stood still.
traffic_was_served() {
	local name pid

	for pid in "${running[@]}"; do
		wait "$pid" || fail "$(tail -n 2 "$LAB_DIR"/traffic.*)"
	done
	for name in client-loop pod-loop node-loop; do
		grep -E '^[0-9]{3,} answered, 0 failed$' "$LAB_DIR/traffic.$name" ||
			fail "$name: $(cat "$LAB_DIR/traffic.$name")"
	done
	! grep -E 'none|garbled' "$LAB_DIR/traffic.udp" || fail 'datagrams were lost'
	for name in tcp near; do
		! grep -E ' 0\.00 bits/sec' "$LAB_DIR/traffic.$name" || fail "$name: stood still"
	done
}
