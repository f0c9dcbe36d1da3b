# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# bash completion: svcroute itself knows what a command line may go on with.

_svcroute() {
	local line=${COMP_LINE:0:COMP_POINT} words=() current kept word
	local IFS=$' \t'

	# Not COMP_WORDS: readline breaks words at '=' and ':', addresses too.
	read -ra words <<<"$line"
	[[ $line != *[$' \t'] ]] || words+=('')
	current=${words[-1]}
	# Of the last word it replaces what follows its last break.
	kept=${current%"${current##*[=:]}"}

	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		if [[ $word == :files ]]; then
			compopt -o filenames
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${current#"$kept"}")
		else
			COMPREPLY+=("${word#"$kept"}")
		fi
	done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}

complete -F _svcroute svcroute
