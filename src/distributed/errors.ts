import { WgradError } from '../errors.js';

/** MPI is not there or refused a call, a rank is gone, or one did not come in time. */
export class DistributedError extends WgradError {}
