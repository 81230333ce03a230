// What a training program says of itself: `npx wgrad` here, the one of Dogs vs. Cats in examples/.

/** How a program is typed, what it is about, and where it looks for pictures and leaves runs. */
export interface Project {
  /** Commands as they are typed. `train` may end in ' --', which only options need. */
  readonly calls: { readonly train: string; readonly predict: string };
  /** The first line of --help. */
  readonly about: string;
  /** Pictures of its own, taken where neither --data nor WGRAD_DATA names any, and what titles call them. */
  readonly pictures?: { readonly folder: string; readonly title: string };
  /** Said where there are no pictures, before stand-ins are drawn: how to get some. */
  readonly advice: string;
  /** Where a run goes: this folder, then it with -2, -3, ... */
  readonly runs: string;
}

/** `npx wgrad train | predict | summary`. */
export const wgrad: Project = {
  calls: { train: 'npx wgrad train', predict: 'npx wgrad predict' },
  about: 'Trains AlexNet on a folder of pictures, tests it, and names pictures with a network trained before.',
  advice: `No pictures were named. To train on yours, put those of each class into a folder of its own:
  pictures/cat/1.jpg  pictures/cat/2.jpg  pictures/dog/1.jpg  ...
  npx wgrad train --data pictures                   # or set WGRAD_DATA
Until then the network trains on drawn stand-ins. Its accuracy says nothing about photographs.`,
  runs: 'runs/alexnet',
};

/** A command without what only its options need. */
export const bare = (call: string) => call.replace(/ --$/, '');
