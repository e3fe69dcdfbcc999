/** Serves files by their path and drops what is sent to it: fileServer.cjs; tells its port to the parent process. */
const { createReadStream } = require("node:fs");
const http = require("node:http");

const server = http.createServer((request, response) => {
  if (request.method === "GET") createReadStream(request.url, { highWaterMark: 1024 ** 2 }).pipe(response);
  else request.on("end", () => response.end()).resume();
});
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
