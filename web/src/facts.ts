// What has to be known of a network to use it: kept beside its weights, in saved files and in kept runs.
import { type AlexNet, alexnet } from 'wgrad';
import type { ColourStatistics, ImageDataset } from 'wgrad/data';
import { type NetworkName, networks } from './networks.js';

/** Node's `npx wgrad predict --run FILE` reads the same. */
export interface Facts {
  options: { variant: string; width: number; image: number; stored: number; dropout: number; initialization: string };
  classes: readonly string[];
  colours: ColourStatistics;
  folder: string | null;
  network: NetworkName;
}

/** Of a network that is to be trained. */
export function factsOf(network: NetworkName, train: ImageDataset, folder: string | null): Facts {
  const { image, stored, model } = networks[network];
  return { options: { ...model, image, stored }, classes: train.classes, colours: train.colours(), folder, network };
}

/** Reads them from a file's metadata. @throws Error naming the file if this page did not write it. */
export function readFacts(text: string | undefined, name: string): Facts {
  const facts = JSON.parse(text ?? 'null') as Facts | null;
  if (!facts?.options || !(facts.network in networks)) throw new Error(`${name}: was not saved by this page`);
  return facts;
}

/** The network, with new weights. */
export function buildModel({ network, classes, options: { image, width, dropout } }: Facts): AlexNet {
  const { variant, poolDropout, initialization } = networks[network].model;
  return alexnet({
    variant,
    width,
    dropout,
    poolDropout,
    initialization,
    imageSize: image,
    numClasses: classes.length,
  });
}
