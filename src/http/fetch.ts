/** From a request to its response: what each layer of the listener wraps. */
export type Fetch = (request: Request) => Response | Promise<Response>;
