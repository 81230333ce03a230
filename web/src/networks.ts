// The networks that the page offers: AlexNet in three sizes.
import type { AlexNetOptions } from 'wgrad';

export type NetworkName = 'small' | 'quick' | 'paper';

export interface Network {
  title: string;
  about: string;
  model: Required<Pick<AlexNetOptions, 'variant' | 'width' | 'dropout' | 'initialization'>>;
  /** Side of the crops that go into the network, and of the stored pictures that they are cut from. */
  image: number;
  stored: number;
  batch: number;
  learningRate: number;
}

export const networks: Record<NetworkName, Network> = {
  small: {
    title: 'Small',
    about: 'an eighth of the width, 67 pixels',
    model: { variant: 'dogcat', width: 0.125, dropout: 0.25, initialization: 'uniform' },
    image: 67,
    stored: 75,
    batch: 16,
    learningRate: 1e-3,
  },
  quick: {
    title: 'Quick',
    about: 'a quarter of the width, 115 pixels',
    model: { variant: 'dogcat', width: 0.25, dropout: 0.5, initialization: 'uniform' },
    image: 115,
    stored: 129,
    batch: 32,
    learningRate: 1e-3,
  },
  paper: {
    title: 'Full',
    about: 'the whole network, 227 pixels, for a fast GPU',
    model: { variant: 'dogcat', width: 1, dropout: 0.5, initialization: 'uniform' },
    image: 227,
    stored: 256,
    batch: 64,
    learningRate: 3e-4,
  },
};
