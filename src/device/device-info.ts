// What a device is called and what it can do.
import { type AdapterNames, type Family, familyOf, subgroupsOf } from './families.js';
import { type MatrixShape, matricesOf } from './matrices.js';

/** The adapter as it names itself. */
export interface DeviceInfo {
  /** Such as 'nvidia' or 'apple'; '' where the browser does not say, here and below. */
  vendor: string;
  /** Its generation, such as 'hopper'. */
  architecture: string;
  /** Its model, or a number for it. */
  device: string;
  /** Its own description: the driver, and often a name. */
  description: string;
  /** What to call it in a message: model and description. */
  name: string;
  /** What kind of processor it is: 'nvidia', 'amd', 'intel', 'apple', 'qualcomm', 'other', or 'software' for a CPU. */
  family: Family;
  /** A CPU pretends to be a GPU (lavapipe, SwiftShader): the family is 'software'. */
  software: boolean;
  /** Which limits were asked for. */
  limits: 'adapter' | 'default';
  /**
   * Lanes of a subgroup in every kernel that says `enable subgroups;`. Where the driver may choose between several, kernels are
   * pinned to this one. 0 where kernels may not use subgroups or nothing fixes their size.
   */
  subgroupSize: number;
  /** The matrices that a subgroup multiplies, of f16 and of f32; none where the device has no matrix units, or does not show them. */
  matrices: MatrixShape[];
}

/** The information about an open device. */
export function describeDevice(adapter: GPUAdapter, device: GPUDevice, limits: DeviceInfo['limits']): DeviceInfo {
  const { vendor, architecture, device: model, description } = adapter.info;
  const family = familyOf(adapter.info);
  const name = adapterName(adapter.info);
  const subgroupSize = subgroupsOf(adapter.info, device.features).lanes;
  const software = family === 'software';
  const matrices = subgroupSize > 0 ? matricesOf(adapter.info, device.features) : [];
  return { vendor, architecture, device: model, description, name, family, software, limits, subgroupSize, matrices };
}

/** A name for an adapter: its model and its own description, which need not name the card. */
export function adapterName(info: AdapterNames): string {
  const { vendor, architecture, device, description } = info;
  const names = [familyOf(info) === 'software' ? '' : device, description].filter(Boolean);
  return names.join(', ') || [vendor, architecture].filter(Boolean).join(' ') || 'an adapter without a name';
}
