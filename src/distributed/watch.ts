// Whether all ranks are alive. MPI's collectives wait for ever for a rank that is gone, so that its absence has to be noticed apart from them:
// processes of the same machine are asked after, and ranks of others send rank 0 a beat each second, and hear its beat.
import { DistributedError } from './errors.js';
import type { Mpi, Request } from './mpi.js';
import { nameOf, type Peer, stateOf } from './peers.js';

const BEAT_MS = 1000;
/** Between two looks while it is urgent: the launcher ends this process, and gives it a second or so. */
const URGENT_MS = 50;
const URGENT_LOOKS = 12;
/** Others are to hear of a death before this process ends, and its launcher ends them. */
const TELL_MS = 300;
/** A program that meets no collective for so long after a death is ended. */
const GRACE_MS = 5000;
const TAG = 7077;

const BEAT = 0;
const GONE = 1;
const SILENT = 2;

export class Watch {
  /** When each rank was heard of last. */
  private readonly heard: number[];
  private receiving: Request;
  private readonly inbox = new Int32Array(3);
  private sending: Request[] = [];
  private looked = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private told = false;

  /** `silence`: seconds after which a rank that is not heard of counts as lost. `onLoss` is told once, why. */
  constructor(
    private readonly mpi: Mpi,
    private readonly peers: readonly Peer[],
    private readonly silence: number,
    private readonly onLoss: (error: DistributedError) => boolean,
  ) {
    this.heard = peers.map(() => performance.now());
    this.receiving = mpi.receive(this.inbox, TAG);
    this.next();
    process.on('SIGTERM', this.ending);
  }

  /** Ends it; MPI is about to end. */
  close(): void {
    clearTimeout(this.timer);
    process.off('SIGTERM', this.ending);
    this.mpi.cancel(this.receiving);
  }

  /** Those that may be why a collective does not end, and how they are; tells the others. */
  suspects(): string[] {
    const now = performance.now();
    return this.peers.flatMap((peer) => {
      if (peer.rank === this.mpi.rank) return [];
      const state = this.isLocal(peer) ? stateOf(peer.pid) : 'unknown';
      const quiet = (now - this.heard[peer.rank]) / 1000;
      if (state === 'stopped') return [`${nameOf(peer)} is stopped (SIGSTOP)`];
      return this.hears(peer) && quiet > 5 * (BEAT_MS / 1000)
        ? [`${nameOf(peer)} was last heard of ${quiet.toFixed(0)} s ago`]
        : [];
    });
  }

  private get self(): Peer {
    return this.peers[this.mpi.rank];
  }

  private isLocal(peer: Peer): boolean {
    return peer.host === this.self.host;
  }

  /** Rank 0 hears of all, the others of it. */
  private hears(peer: Peer): boolean {
    return this.mpi.rank === 0 || peer.rank === 0;
  }

  private next(): void {
    this.timer = setTimeout(() => {
      this.beat();
      if (!this.told) this.next();
    }, BEAT_MS);
    this.timer.unref();
  }

  private beat(): void {
    const now = performance.now();
    if (now - this.looked > 3 * BEAT_MS) this.heard.fill(now); // this process was busy, and heard nobody
    this.looked = now;
    this.sending = this.sending.filter((request) => !this.mpi.isDone(request));
    for (const peer of this.peers) if (peer.rank !== this.mpi.rank && this.hears(peer)) this.send(peer.rank, BEAT, 0);
    this.look();
    if (this.told) return;
    const lost = this.peers.find((peer) => this.hears(peer) && peer.rank !== this.mpi.rank && this.isSilent(peer, now));
    if (lost) this.lose(lost, SILENT);
  }

  private isSilent({ rank }: Peer, now: number): boolean {
    return now - this.heard[rank] > 1000 * this.silence;
  }

  /** Takes in what was sent, and looks after the processes of this machine. */
  private look(): void {
    while (!this.told && this.mpi.isDone(this.receiving)) {
      const [from, what, rank] = this.inbox;
      this.receiving = this.mpi.receive(this.inbox, TAG);
      this.heard[from] = performance.now();
      if (what !== BEAT) this.lose(this.peers[rank], what, false);
    }
    for (const peer of this.peers) {
      if (!this.told && peer.rank !== this.mpi.rank && this.isLocal(peer) && stateOf(peer.pid) === 'gone')
        this.lose(peer, GONE);
    }
  }

  private send(to: number, what: number, rank: number): void {
    this.sending.push(this.mpi.send(Int32Array.of(this.mpi.rank, what, rank), to, TAG));
  }

  private lose(peer: Peer, what: number, tell = true): void {
    this.told = true;
    clearTimeout(this.timer);
    if (tell)
      for (const { rank } of this.peers)
        if (rank !== this.mpi.rank && rank !== peer.rank) this.send(rank, what, peer.rank);
    const how = what === GONE ? 'has died' : `has not been heard of for ${this.silence} s`;
    const error = new DistributedError(
      `${nameOf(peer)} ${how}; the others cannot go on without it, and end. Start again from the last checkpoint`,
    );
    setTimeout(() => {
      if (this.onLoss(error)) return;
      setTimeout(() => {
        throw error; // nobody has met it: the program is told as of any error that nothing catches
      }, GRACE_MS).unref();
    }, TELL_MS);
  }

  /** SIGTERM: a launcher ends all that are left when one has died. Who it was is found out first. */
  private readonly ending = async (): Promise<void> => {
    for (let i = 0; i < URGENT_LOOKS && !this.told; i++) {
      this.look();
      await new Promise((resolve) => setTimeout(resolve, URGENT_MS));
    }
    process.off('SIGTERM', this.ending);
    if (!this.told && process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
  };
}
