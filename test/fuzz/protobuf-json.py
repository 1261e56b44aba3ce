"""The reference of the fuzzer of protobuf JSON: Python's json_format.

    protobuf-json.py DESCRIPTOR_SET MESSAGE

Reads lines of base64, each the JSON text of a message. Answers each with a line of JSON: what is wrong,
or the message in the binary form, in base64.
"""

import base64
import json
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


def answer(message_class, pool, text: bytes) -> dict:
    try:
        message = json_format.Parse(text, message_class(), descriptor_pool=pool)
        return {"bytes": base64.b64encode(message.SerializePartialToString()).decode()}
    except Exception as error:  # pylint: disable=broad-except
        # It does not wrap all of its errors.
        return {"error": f"{type(error).__name__}: {error}"}


def main(path: str, name: str) -> None:
    pool = descriptor_pool.DescriptorPool()
    with open(path, "rb") as file:
        for each in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
            pool.Add(each)
    message_class = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    for line in sys.stdin:
        print(json.dumps(answer(message_class, pool, base64.b64decode(line))), flush=True)


main(*sys.argv[1:])
