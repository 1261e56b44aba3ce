import type { Tool } from "./tools.ts";

/** A Python with the client libraries of `test/support/python-clients.txt`. */
export const pythonClients: Tool = {
  name: "python-clients",
  variable: "SLUICE_TEST_PYTHON_CLIENTS",
};

/** The Python of the examples, which has protoc as `grpc_tools.protoc`. */
export const pythonConsumer: Tool = {
  name: "python-consumer",
  variable: "SLUICE_TEST_PYTHON_CONSUMER",
};
