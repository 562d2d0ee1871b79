#!/bin/sh
# a start script that does not exec: there is a command behind it
echo "starting worker"
"$@"
echo "worker finished with $?"
