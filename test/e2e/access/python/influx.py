"""InfluxDB's Python client: a batching writer, gzip, the four precisions. Prints what it got as JSON."""

import json
import sys
import threading
import time

from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions
from influxdb_client.rest import ApiException

url, keys = sys.argv[1], json.loads(sys.argv[2])
second = int(time.time()) - 60


def client(key, **options):
    return InfluxDBClient(url=url, token=key, org="any", **options)


def batches():
    """2,500 points in batches of at most 1,000."""
    counts = {"written": 0, "failed": 0}
    lock = threading.Lock()

    def count(name):
        def called(_, data, *error):
            with lock:
                counts[name] += len(data.splitlines())

        return called

    options = WriteOptions(batch_size=1000, flush_interval=1000, max_retries=0)
    with client(keys["right"]) as influx:
        with influx.write_api(
            write_options=options,
            success_callback=count("written"),
            error_callback=count("failed"),
        ) as writer:
            for i in range(2500):
                point = Point("py-batch").field("value", float(i))
                point = point.time(second * 1000 + i, WritePrecision.MS)
                writer.write("any", record=point, write_precision=WritePrecision.MS)
    return counts


def gzip():
    with client(keys["right"], enable_gzip=True) as influx:
        lines = [f"py-gzip value={i} {second * 1000 + i}" for i in range(100)]
        influx.write_api(write_options=SYNCHRONOUS).write(
            "any", record=lines, write_precision=WritePrecision.MS
        )


def precisions():
    with client(keys["right"]) as influx:
        writer = influx.write_api(write_options=SYNCHRONOUS)
        for unit, factor in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items():
            line = f"py-{unit} value=1 {second * factor}"
            writer.write("any", record=line, write_precision=unit)


def refusal(key):
    try:
        with client(key) as influx:
            writer = influx.write_api(write_options=SYNCHRONOUS)
            writer.write("any", record="py-refused value=1")
        return "done"
    except ApiException as error:
        return [error.status, json.loads(error.body)["code"]]


gzip()
precisions()
with client(keys["right"]) as influx:
    ping = influx.ping()

print(
    json.dumps(
        {
            "batches": batches(),
            "ping": ping,
            "narrow": refusal(keys["narrow"]),
            "wrong": refusal(keys["wrong"]),
        }
    )
)
