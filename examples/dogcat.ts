// `npm run dogcat`: the command line of src/cli for the photographs of Dogs vs. Cats, or drawn stand-ins for them.
// alexnet-dogcat.ts is what it does, without options, in the open.
import { program } from '../src/cli/main.js';

await program({
  calls: { train: 'npm run dogcat --', predict: 'npm run dogcat -- predict' },
  about:
    'Trains AlexNet to tell dogs from cats, or the classes of any folder of pictures, or names them with a network trained before.',
  pictures: { folder: '../shared/data/dogs-vs-cats', title: 'Dogs vs. Cats' },
  advice: `No photographs are used. To train on real ones, get "Dogs vs. Cats" from Kaggle (a free account):
  kaggle competitions download -c dogs-vs-cats      # or by hand: kaggle.com/c/dogs-vs-cats/data
  unzip dogs-vs-cats.zip && unzip train.zip         # train/cat.0.jpg ... train/dog.12499.jpg
  npm run dogcat -- --data .                        # or set WGRAD_DATA
Until then the network trains on drawn stand-ins. Its accuracy says nothing about photographs.`,
  runs: 'runs/dogcat',
});
