// What a device is called and what it can do.

/** The adapter as it names itself. */
export interface DeviceInfo {
  /** Such as 'nvidia' or 'apple'; '' where the browser does not say, here and below. */
  vendor: string;
  /** Its family, such as 'hopper'. */
  architecture: string;
  /** Its model, or a number for it. */
  device: string;
  /** Its own description: the driver, and often a name. */
  description: string;
  /** What to call it in a message: model and description. */
  name: string;
  /** A CPU pretends to be a GPU (lavapipe, SwiftShader). */
  software: boolean;
  /** Which limits were asked for. */
  limits: 'adapter' | 'default';
  /** Lanes of a subgroup, where that is one fixed number and kernels may use subgroups; else 0. */
  subgroupSize: number;
}

/** The information about an open device. */
export function describeDevice(adapter: GPUAdapter, device: GPUDevice, limits: DeviceInfo['limits']): DeviceInfo {
  const { vendor, architecture, device: model, description, subgroupMinSize = 0, subgroupMaxSize } = adapter.info;
  const subgroupSize = device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0;
  const software = /llvmpipe|lavapipe|swiftshader|software/i.test(`${architecture} ${model} ${description}`);
  const name = adapterName(adapter.info, software);
  return { vendor, architecture, device: model, description, name, software, limits, subgroupSize };
}

/** A name for an adapter: its model and its own description, which need not name the card. */
export function adapterName(
  {
    vendor,
    architecture,
    device,
    description,
  }: Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'>,
  software: boolean,
): string {
  const names = [software ? '' : device, description].filter(Boolean);
  return names.join(', ') || [vendor, architecture].filter(Boolean).join(' ') || 'an adapter without a name';
}
