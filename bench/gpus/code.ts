// Machine code as blocks of instructions: its loops, the block that is hottest, and what one step of a loop is made of.

/** What an instruction is for. */
export type Kind = 'multiply-add' | 'workgroup' | 'global' | 'scratch' | 'other';

export interface Instruction {
  /** Without operands. */
  op: string;
  kind: Kind;
  /** Times the multiply-add's issue slot is taken: 0 for what other units take, above 1 for repeats and waits. */
  slots: number;
  /** Multiply-adds a lane: 2 for a dual one; a matrix unit's are shared by a subgroup's lanes. */
  multiplyAdds: number;
  /** By a matrix unit. */
  matrix?: boolean;
  /** Bytes a lane loads or stores. */
  bytes: number;
}

export interface Block {
  name: string;
  instructions: Instruction[];
  /** Names of the blocks that may follow. */
  next: string[];
}

/** Instructions added up, each as often as a thread meets it. */
export interface Mix {
  instructions: number;
  slots: number;
  /** By lanes. */
  multiplyAdds: number;
  /** By matrix units, a lane's share, and the instructions that they take; where there are any. */
  matrixAdds?: number;
  matrices?: number;
  workgroupBytes: number;
  globalBytes: number;
  /** Instructions by name, the most frequent first. */
  ops: [op: string, count: number][];
}

/** What a kernel's code comes to. */
export interface Anatomy {
  instructions: number;
  loops: number;
  /** The block with the most multiply-adds or, where there are none, the longest of the innermost loop. */
  hot: Mix;
  /** One turn of the loop round that block along its longest way; the whole kernel if it is in none. */
  step: Mix;
}

export function mixOf(blocks: readonly Block[]): Mix {
  const all = blocks.flatMap((block) => block.instructions);
  const sum = (of: (one: Instruction) => number) => all.reduce((total, one) => total + of(one), 0);
  const bytes = (kind: Kind) => sum((one) => (one.kind === kind ? one.bytes : 0));
  const matrices = all.filter(({ matrix }) => matrix);
  const adds = (some: readonly Instruction[]) => some.reduce((total, one) => total + one.multiplyAdds, 0);
  const counts = new Map<string, number>();
  for (const { op } of all) counts.set(op, (counts.get(op) ?? 0) + 1);
  return {
    instructions: all.length,
    slots: sum((one) => one.slots),
    multiplyAdds: adds(all.filter(({ matrix }) => !matrix)),
    ...(matrices.length > 0 && { matrices: matrices.length, matrixAdds: adds(matrices) }),
    workgroupBytes: bytes('workgroup'),
    globalBytes: bytes('global'),
    ops: [...counts].sort((a, b) => b[1] - a[1]),
  };
}

/**
 * Of a kernel's blocks. A loop's step is a turn of the innermost loop round the hottest block; where `stepMultiplyAdds` says that
 * it has more of them, a turn of the loop round that one, in which the inner one is gone round as often as that takes.
 * @throws Error if there is no block.
 */
export function anatomy(blocks: readonly Block[], stepMultiplyAdds = 0): Anatomy {
  if (blocks.length === 0) throw new Error('no machine code was found in what the compiler printed');
  const graph = new Graph(blocks);
  const loops = graph.loops();
  const innermost = (block: Block) => loops.find((loop) => loop.members.has(block.name));
  const heat = (block: Block) => block.instructions.reduce((sum, one) => sum + one.multiplyAdds, 0);
  const most = (among: readonly Block[], of: (block: Block) => number) =>
    among.reduce((a, b) => (of(b) > of(a) ? b : a));
  const inLoops = blocks.filter(innermost);
  const candidates = inLoops.length > 0 ? inLoops : blocks;
  const hottest = most(candidates, heat);
  const hot = heat(hottest) > 0 ? hottest : most(candidates, ({ instructions }) => instructions.length);
  return {
    instructions: blocks.reduce((sum, block) => sum + block.instructions.length, 0),
    loops: loops.length,
    hot: mixOf([hot]),
    step: mixOf(
      stepOf(
        graph,
        blocks[0].name,
        loops.filter(({ members }) => members.has(hot.name)),
        stepMultiplyAdds,
      ),
    ),
  };
}

function stepOf(graph: Graph, entry: string, [inner, outer]: Loop[], stepMultiplyAdds: number): Block[] {
  const turn = graph.longestWay(inner?.header ?? entry, inner?.members);
  const turns = Math.round(stepMultiplyAdds / Math.max(1, mixOf(turn).multiplyAdds));
  if (!outer || turns < 2) return turn;
  const more = Array.from({ length: turns - 1 }, () => turn).flat();
  return [...graph.longestWay(outer.header, outer.members), ...more];
}

interface Loop {
  header: string;
  members: Set<string>;
}

class Graph {
  private readonly byName: Map<string, Block>;
  /** Edges that close a loop, as 'from>to'. */
  private readonly back = new Set<string>();
  private readonly all: Loop[];

  constructor(private readonly blocks: readonly Block[]) {
    this.byName = new Map(blocks.map((block) => [block.name, block]));
    this.findBackEdges();
    this.all = this.findLoops();
  }

  /** Natural loops, the smallest first; those with one header are one. */
  loops(): readonly Loop[] {
    return this.all;
  }

  private findLoops(): Loop[] {
    const before = new Map<string, string[]>();
    for (const { name, next } of this.blocks) {
      for (const to of next) before.set(to, [...(before.get(to) ?? []), name]);
    }
    const byHeader = new Map<string, Set<string>>();
    for (const edge of this.back) {
      const [latch, header] = edge.split('>');
      const members = byHeader.get(header) ?? new Set([header]);
      byHeader.set(header, members);
      const pending = [latch];
      for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
        if (members.has(name)) continue;
        members.add(name);
        pending.push(...(before.get(name) ?? []));
      }
    }
    return [...byHeader]
      .map(([header, members]) => ({ header, members }))
      .sort((a, b) => a.members.size - b.members.size);
  }

  /** The way with the most issue slots from `start`, inside `members` if given; no loop is gone round twice. */
  longestWay(start: string, members?: ReadonlySet<string>): Block[] {
    const best = new Map<string, { slots: number; next?: string }>();
    const order = this.finished(start, members);
    for (const name of order) {
      const own = this.byName.get(name)!.instructions.reduce((sum, one) => sum + one.slots, 0);
      const onward = this.onward(name).filter((to) => best.has(to));
      const longest = onward.sort((a, b) => best.get(b)!.slots - best.get(a)!.slots)[0];
      best.set(name, { slots: own + (longest === undefined ? 0 : best.get(longest)!.slots), next: longest });
    }
    const way: Block[] = [];
    for (let name: string | undefined = start; name !== undefined; name = best.get(name)!.next) {
      way.push(this.byName.get(name)!);
    }
    return way;
  }

  /** What may follow a block when every loop is gone round once: behind a loop's last block what is behind the loop. */
  private onward(name: string): string[] {
    return this.byName.get(name)!.next.flatMap((to) => {
      if (!this.back.has(`${name}>${to}`)) return [to];
      const { members } = this.all.find(({ header }) => header === to)!;
      return [...members].flatMap((member) => this.byName.get(member)!.next.filter((exit) => !members.has(exit)));
    });
  }

  private findBackEdges(): void {
    const open = new Set<string>();
    const next = (name: string) => this.byName.get(name)!.next;
    this.walk(this.blocks[0].name, undefined, next, open, (from, to) => {
      if (open.has(to)) this.back.add(`${from}>${to}`);
    });
  }

  /** Blocks reached from `start`, each after all that follow it. */
  private finished(start: string, members?: ReadonlySet<string>): string[] {
    return this.walk(
      start,
      members,
      (name) => this.onward(name),
      new Set(),
      () => {},
    );
  }

  /** Depth first, without recursion: kernels have thousands of blocks. Calls `see` for each edge. */
  private walk(
    start: string,
    members: ReadonlySet<string> | undefined,
    next: (name: string) => string[],
    open: Set<string>,
    see: (from: string, to: string) => void,
  ): string[] {
    const done: string[] = [];
    const seen = new Set([start]);
    const stack = [{ name: start, onward: next(start), at: 0 }];
    open.add(start);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const to = top.onward[top.at++];
      if (to === undefined) {
        stack.pop();
        open.delete(top.name);
        done.push(top.name);
      } else if (this.byName.has(to) && (members?.has(to) ?? true)) {
        see(top.name, to);
        if (seen.has(to)) continue;
        seen.add(to);
        open.add(to);
        stack.push({ name: to, onward: next(to), at: 0 });
      }
    }
    return done;
  }
}

/** Cuts a listing into blocks. `label`: the block that a line starts; `jump`: where an instruction may go to, and whether it also goes on. */
export function blocksOf(
  lines: readonly string[],
  read: {
    label(line: string): string | undefined;
    jump(line: string): { to?: string; goesOn: boolean } | undefined;
    instruction(line: string): Instruction | undefined;
  },
): Block[] {
  const blocks: Block[] = [];
  let current: Block | undefined;
  let falls = true;
  const start = (name: string) => {
    if (current && falls) current.next.push(name);
    current = { name, instructions: [], next: [] };
    blocks.push(current);
    falls = true;
  };
  for (const line of lines) {
    const label = read.label(line);
    if (label !== undefined) start(label);
    const instruction = read.instruction(line);
    if (!instruction) continue;
    if (!current || current.next.length > 0 || !falls) start(`+${blocks.length}`);
    current!.instructions.push(instruction);
    const jump = read.jump(line);
    if (!jump) continue;
    if (jump.to !== undefined) current!.next.push(jump.to);
    falls = jump.goesOn;
  }
  return blocks;
}
