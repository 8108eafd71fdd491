import type { ServerResponse } from "node:http";

/**
 * Runs `act` once, when the status and the headers are about to be sent and nothing of the body has been.
 * When it returns a text, that is the body, and whatever else comes is dropped.
 */
export function beforeHead(response: ServerResponse, act: () => string | undefined): void {
  const { writeHead, write, end } = response;
  let isPending = true;
  let body: string | undefined;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    for (const [name, value] of headersAmong(rest)) response.setHeader(name, value);
    response.statusCode = status;
    if (isPending) body = act();
    isPending = false;
    return writeHead.call(response, response.statusCode);
  };
  // By themselves these send the head in the middle of their work, when it is too late for another body.
  const sendHead = () => {
    if (isPending) response.writeHead(response.statusCode);
  };
  response.write = (...given: unknown[]) => {
    sendHead();
    return body === undefined ? Reflect.apply(write, response, given) : true;
  };
  response.end = (...given: unknown[]) => {
    sendHead();
    return Reflect.apply(end, response, body === undefined ? given : [body]);
  };
}

/** `writeHead` takes headers as an object, or as a list of names and values in turn. */
function headersAmong(rest: unknown[]): [string, string | string[]][] {
  const headers = rest.at(-1);
  if (typeof headers !== "object" || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers);
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : []));
}
