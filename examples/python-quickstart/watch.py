"""Prints the events of a Sluice stream as lines of JSON, and resumes after every cut."""

import argparse
import json
import sys
import time

import httpx
from httpx_sse import SSEError, connect_sse

# Sluice sends a heartbeat every 15 s, so a silence of three heartbeats means a dead connection.
# httpx' own default of 5 s would end every quiet stream.
TIMEOUT = httpx.Timeout(5, read=45)
PAUSE_SECONDS = 1


class Refused(Exception):
    """The gateway refused the request; trying again would not help."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="such as http://localhost:9000/sse/log/demo")
    parser.add_argument("--limit", type=int, default=0, help="events to print; 0: without end")
    args = parser.parse_args()
    printed = 0
    for position, event in events(args.url):
        print(json.dumps({"position": position, "event": event}), flush=True)
        printed += 1
        if printed == args.limit:
            return


def events(url, position=None):
    """Yields (position, event), each event once and in order."""
    with httpx.Client(timeout=TIMEOUT) as client:
        while True:
            headers = {} if position is None else {"Last-Event-ID": position}
            try:
                with connect_sse(client, "GET", url, headers=headers) as source:
                    check(source.response)
                    for sse in source.iter_sse():
                        # Every block may move the position, also one without data.
                        position = sse.id or position
                        if sse.event == "end":
                            return
                        if sse.event == "reset":
                            print(f"some events are gone: {sse.data}", file=sys.stderr)
                        elif sse.event == "error":
                            print(f"the stream ended: {sse.data}", file=sys.stderr)
                        # httpx-sse reports the start of the stream and each heartbeat as a
                        # message with empty data, because they carry only an id.
                        elif sse.data:
                            yield position, json.loads(sse.data)
            except (httpx.TransportError, SSEError) as error:
                print(f"cut off: {error}", file=sys.stderr)
            time.sleep(PAUSE_SECONDS)


def check(response):
    """Raises Refused for a failure that is permanent, and TransportError for one that passes."""
    if response.is_success:
        return
    response.read()
    if response.status_code in (408, 429, 503, 504):
        raise httpx.TransportError(response.text)
    raise Refused(response.text)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except Refused as error:
        sys.exit(str(error))
