#!/usr/bin/env bash
# strace, to see what a scan asks the system for.
set -euo pipefail
command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace >/dev/null; }
