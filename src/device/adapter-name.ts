/** What people call an adapter: its model, and what it says of itself, in which a GPU's driver may not name the card. */
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
