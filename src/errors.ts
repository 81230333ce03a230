/**
 * What every error of this library is: the message starts with the op or the file and says what to do; `name` is the
 * class's, `cause` what lies behind it where there is something.
 */
export class WgradError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A wrong argument as a message names it: 'cut', [2, NaN], undefined, a function. Lists are shown eight long, three deep. */
export function showValue(value: unknown): string {
  return showTo(value, 3);
}

function showTo(value: unknown, depth: number): string {
  if (typeof value === 'string') return `'${value.length > 80 ? `${value.slice(0, 80)}...` : value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) {
    if (depth === 0 && value.length > 0) return '[...]';
    const shown = value.slice(0, 8).map((item) => showTo(item, depth - 1));
    return `[${[...shown, ...(value.length > 8 ? ['...'] : [])].join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const { shape, dtype } = value as { shape?: unknown; dtype?: unknown };
    const name = value.constructor?.name || 'object';
    return Array.isArray(shape) && dtype
      ? `a tensor ${showTo(shape, depth)}`
      : `${/^[AEIOUaeiou]/.test(name) ? 'an' : 'a'} ${name}`;
  }
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Shapes or arguments of an op that do not fit together. */
export class ShapeError extends WgradError {}
/** An op was given a dtype that it does not take. */
export class DtypeError extends WgradError {}
/** A device limit (binding size, workgroups, buffers) stands in the way. */
export class LimitError extends WgradError {}
/** The device could not allocate a buffer. */
export class OutOfMemoryError extends WgradError {}
/** The device is gone: driver reset, unplugged, or destroyed. */
export class DeviceLostError extends WgradError {}
/** No usable adapter, or the device refused a command. */
export class DeviceError extends WgradError {}
/** A kernel failed to compile or its launch was refused. */
export class KernelError extends WgradError {}
/** A data file or data set that cannot be used. */
export class DataError extends WgradError {}
/** A checkpoint or weights file that cannot be used. */
export class CheckpointError extends WgradError {}
/** The library was called in a way it cannot serve, such as a tensor used after its scope closed. */
export class UsageError extends WgradError {}

/** Whether an op's result or one of its gradients went bad, a parameter in an optimizer's update, or a tensor that came from outside. */
export type AnomalyPhase = 'forward' | 'backward' | 'update' | 'input';

/** What `detectAnomaly` found. */
export interface Anomaly {
  /** The op, or the optimizer, that made the first bad number, or, for 'input', the op that it was given to. */
  op: string;
  /** The layer's path, such as 'features.conv1'; '' outside of layers. */
  layer: string;
  /** Whether a result was bad, a gradient, an updated parameter, or what came in. */
  phase: AnomalyPhase;
  /** Which input's gradient it is ('backward'), which parameter ('update'), or which input was bad already ('input'); else -1. */
  input: number;
  /** How many elements are NaN. */
  nan: number;
  /** How many are infinite, of those that count. */
  infinite: number;
  /** The first bad element, counted in row-major order. */
  first: number;
}

/** The first NaN or infinity that `detectAnomaly` saw being made. */
export class AnomalyError extends WgradError {
  constructor(
    message: string,
    /** The same as data. */
    readonly anomaly: Anomaly,
  ) {
    super(message);
  }
}
