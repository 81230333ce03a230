// The networks that the page offers: AlexNet in three sizes, and one that is trained already.
import type { AlexNetOptions } from 'wgrad';

export type NetworkName = 'trained' | 'small' | 'quick' | 'paper';

export interface Network {
  title: string;
  about: string;
  model: Required<Pick<AlexNetOptions, 'variant' | 'width' | 'dropout' | 'initialization'>> &
    Pick<AlexNetOptions, 'poolDropout'>;
  /** Side of the crops that go into the network, and of the stored pictures that they are cut from. */
  image: number;
  stored: number;
  batch: number;
  learningRate: number;
  /** How many are usual. */
  epochs: number;
  /**
   * Of the one that is trained already: the rate of all but its last layer, and how far training crops and colours vary, which some
   * dozens of pictures need more than a thousand do.
   */
  tuning?: { rate: number; area: number; jitter: number };
}

export const networks: Record<NetworkName, Network> = {
  trained: {
    title: 'Trained',
    about: '115 pixels: it knows cats and dogs. Try it as it is, or teach it yours: 25 pictures of each may do',
    model: {
      variant: 'dogcat',
      width: 0.375,
      dropout: 0.4,
      poolDropout: [0.05, 0.1, 0.2],
      initialization: 'uniform',
    },
    image: 115,
    stored: 136,
    batch: 16,
    learningRate: 3e-3,
    epochs: 30,
    tuning: { rate: 1e-3, area: 0.6, jitter: 0.25 },
  },
  small: {
    title: 'Small',
    about: 'an eighth of the width, 67 pixels',
    model: { variant: 'dogcat', width: 0.125, dropout: 0.25, initialization: 'uniform' },
    image: 67,
    stored: 75,
    batch: 16,
    learningRate: 1e-3,
    epochs: 8,
  },
  quick: {
    title: 'Quick',
    about: 'a quarter of the width, 115 pixels',
    model: { variant: 'dogcat', width: 0.25, dropout: 0.5, initialization: 'uniform' },
    image: 115,
    stored: 129,
    batch: 32,
    learningRate: 1e-3,
    epochs: 8,
  },
  paper: {
    title: 'Full',
    about: 'the whole network, 227 pixels, for a fast GPU',
    model: { variant: 'dogcat', width: 1, dropout: 0.5, initialization: 'uniform' },
    image: 227,
    stored: 256,
    batch: 64,
    learningRate: 3e-4,
    epochs: 8,
  },
};
