import type { ServerResponse } from 'node:http';

/** Ends a response with a message as plain text. */
export function sendText(response: ServerResponse, status: number, message: string): void {
  const body = Buffer.from(message);
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length });
  response.end(body);
}
