import { readdirSync, readFileSync } from 'node:fs';

const PCI = '/sys/bus/pci/devices';
/** PCI classes: VGA and 3D controllers. */
const DISPLAY = /^0x030[02]/;

/** Addresses on the PCI bus of this machine's graphics cards, such as '0000:01:00.0', sorted; none where the system does not say. */
export function graphicsCards(folder = PCI): string[] {
  const isCard = (address: string) => {
    try {
      return DISPLAY.test(readFileSync(`${folder}/${address}/class`, 'utf8'));
    } catch {
      return false;
    }
  };
  try {
    return readdirSync(folder).filter(isCard).sort();
  } catch {
    return [];
  }
}
