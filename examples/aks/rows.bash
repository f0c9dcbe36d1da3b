# shellcheck shell=bash disable=SC2034,SC2154 # the files of the demo share variables
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How the demo looks: titles, commands, and a row for each thing shown.

good=0
bad=0

if [[ -t 1 ]]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi

title() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

show_command() {
	printf '  %s%-7s %s %s%s\n' "$dim" "$1" "${1:+#}" "$2" "$plain"
}

# row yes|no FROM TO RESULT
row() {
	local sign="$green✓$plain"

	if [[ $1 == yes ]]; then
		good=$((good + 1))
	else
		bad=$((bad + 1)) sign="$red✗$plain"
	fi
	printf '  %s %-7s %-43s %s\n' "$sign" "$2" "$3" "$4"
}

show_sum() {
	if ((bad == 0)); then
		title "All $good lines are as they should be."
	else
		title "$bad of $((good + bad)) lines are not as they should be."
		return 1
	fi
}
