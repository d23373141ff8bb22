import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import S3rver from 's3rver';
import { RequestRounds } from './request-rounds.js';

const BUCKET = 'images';

/** What the environment has to say for the SDK to find it. */
const ENVIRONMENT = ['AWS_ENDPOINT_URL_S3', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/**
 * s3rver, an S3 server, on loopback; between it and its clients a relay that counts, and that can break answers.
 * The environment of this process is set so that the SDK finds it.
 */
export class S3Server {
  /** Bytes of bodies relayed. */
  sent = 0;
  requests = 0;
  /** How often a client waited for an answer before it asked further. */
  readonly rounds = new RequestRounds();
  /** What each request waits for before it is passed on, as for the way to a bucket elsewhere. */
  way: () => Promise<void> = () => Promise.resolve();
  /** How many of the next answers with a body break off in the middle. */
  cuts = 0;
  /** Objects that were put on the condition that there were none. */
  private readonly conditional = new Set<string>();
  private readonly before = ENVIRONMENT.map((name) => process.env[name]);

  private constructor(
    private readonly folder: string,
    private readonly server: S3rver,
    private readonly relay: Server,
  ) {}

  static async start(): Promise<S3Server> {
    const folder = mkdtempSync(join(tmpdir(), 'pool-tracker-s3-'));
    const server = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory: folder,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    });
    const { port } = await server.run();
    const relay = createServer();
    const made = new S3Server(folder, server, relay);
    made.relayTo(port);
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const values = [made.endpoint, 'us-east-1', 'S3RVER', 'S3RVER'];
    ENVIRONMENT.forEach((name, index) => (process.env[name] = values[index]));
    return made;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.relay.address() as AddressInfo).port}`;
  }

  /**
   * Puts an object where s3rver keeps its own, so that a sparse file of any size can be one.
   * @param write makes the file of that path
   * @returns its `s3://` name
   */
  async put(
    key: string,
    write: (path: string) => void | Promise<void>,
    etag = '0123456789abcdef0123456789abcdef',
  ): Promise<string> {
    const path = join(this.folder, BUCKET, `${key}._S3rver_object`);
    mkdirSync(dirname(path), { recursive: true });
    await write(path);
    writeFileSync(`${path}.md5`, etag);
    writeFileSync(join(this.folder, BUCKET, `${key}._S3rver_metadata.json`), '{}');
    return `s3://${BUCKET}/${key}`;
  }

  async stop(): Promise<void> {
    this.relay.closeAllConnections();
    await new Promise((resolve) => this.relay.close(resolve));
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
    ENVIRONMENT.forEach((name, index) => {
      const value = this.before[index];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  }

  /** What s3rver does not heed, the relay does: only the first of all who put an object conditionally succeeds. */
  private isFirst(url: string): boolean {
    const key = decodeURIComponent(new URL(url, this.endpoint).pathname);
    if (this.conditional.has(key) || existsSync(join(this.folder, `${key}._S3rver_object`))) return false;
    this.conditional.add(key);
    return true;
  }

  private relayTo(port: number): void {
    this.relay.on('request', (incoming, outgoing) => {
      this.requests++;
      if (incoming.headers['if-none-match'] === '*' && !this.isFirst(incoming.url!)) {
        incoming.resume();
        outgoing.writeHead(412).end();
        return;
      }
      outgoing.on('close', this.rounds.begin());
      void this.way().then(() => this.pass(port, incoming, outgoing));
    });
  }

  private pass(port: number, incoming: IncomingMessage, outgoing: ServerResponse): void {
    incoming.pipe(
      request(
        { port, host: '127.0.0.1', method: incoming.method, path: incoming.url, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          const cut = this.cuts > 0 && incoming.method === 'GET' && this.cuts-- > 0;
          answer.on('data', (piece: Buffer) => {
            this.sent += piece.length;
            if (cut) outgoing.write(piece.subarray(0, piece.length >> 1), () => outgoing.destroy());
            else if (!outgoing.write(piece)) {
              answer.pause();
              outgoing.once('drain', () => answer.resume());
            }
          });
          answer.on('end', () => cut || outgoing.end());
        },
      ).on('error', () => outgoing.destroy()),
    );
  }
}
