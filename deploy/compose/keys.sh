#!/bin/sh
# Makes a key for each client of compose.yml, once, as $KEYS/<service>/key. It may do what its service does, and
# nothing else. A service whose file is gone gets another key, and the former one is revoked.
set -eu
SLUICE_KEY=$(cat "$ADMIN_KEY_FILE")
export SLUICE_KEY

# It waits by itself: podman starts nothing that depends on an ended service which depends on a running one.
attempts=0
until known=$(sluice key list --json 2>&1); do
  attempts=$((attempts + 1))
  if [ "$attempts" -ge 120 ]; then
    echo "$known" >&2
    exit 1
  fi
  sleep 1
done

key() {
  service=$1
  shift
  file=$KEYS/$service/key
  if [ -s "$file" ]; then return; fi
  for grant in "$@"; do
    set -- "$@" --grant "$grant"
    shift
  done
  case $known in *"\"name\":\"$service\""*) sluice key revoke "$service" ;; esac
  sluice key create "$service" "$@" > "$file.new"
  chmod 444 "$file.new"
  mv "$file.new" "$file"
}

key demo-watches 'append topic:biometrics' 'append subject:biometrics-value'
key demo-watch-consumer 'read topic:biometrics'
key demo-measurements 'append series:tag-*'
key demo-queries 'read series:tag-*'
key demo-files 'append topic:topic1' 'append topic:topic2' 'append topic:topic3'
# The rule reads and appends with the rights of the key that made it.
key demo-ack-rule 'manage rule:genetika' 'append topic:ack' \
  'read topic:topic1' 'read topic:topic2' 'read topic:topic3'
key demo-acks 'read topic:ack'
key demo-lifecycles 'append app:demo' 'manage app:demo'
key demo-emitters 'manage emitter:demo-*' 'read emitter:demo-*'
key load 'manage emitter:k6-*' 'append emitter:k6-*' 'read emitter:k6-*' \
  'append topic:k6*' 'append series:k6-*' 'read series:*'
