import { flag, oneOf, type Rules } from '../options.js';

/** How to open a device. Everything is optional. */
export interface GpuOptions {
  /** Which adapter to prefer where there are several. Default: 'high-performance'. */
  powerPreference?: GPUPowerPreference;
  /**
   * 'adapter' asks for all that the adapter offers; 'default' for no more than WebGPU guarantees everywhere,
   * as a cautious browser would give. Default: the environment variable WGRAD_LIMITS, else 'adapter'.
   */
  limits?: 'adapter' | 'default';
  /**
   * Seconds after which a device that does not answer is given up: what waits gets a DeviceLostError, and `init()` opens
   * another. More than the longest step takes. Default 600; Infinity waits for ever.
   */
  timeout?: number;
  /**
   * Node only: Dawn's own switches, such as 'backend=vulkan' or 'enable-dawn-features=dump_shaders', in place of the default ones: a fine clock,
   * matrix units, and f16 on NVIDIA's cards (docs/gpus.md).
   */
  dawn?: string[];
  /**
   * Node only: switches Dawn's bounds checks off, for speed; results do not depend on them. Default: whether the environment
   * variable WGRAD_UNSAFE is 1.
   */
  unsafe?: boolean;
}

/** What each option may be. */
export const GPU_OPTIONS: Rules<GpuOptions> = {
  powerPreference: oneOf('low-power', 'high-performance'),
  limits: oneOf('adapter', 'default'),
  timeout: { be: 'seconds, above 0', holds: (value) => typeof value === 'number' && value > 0 },
  dawn: {
    be: 'a list of texts',
    holds: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  },
  unsafe: flag,
};
