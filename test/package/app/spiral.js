import { AdamW, argmax, crossEntropy, init, Linear, ReLU, Sequential, scope, tensor } from 'wgrad';

await init();
const point = (i) => [Math.cos, Math.sin].map((f) => (i / 400) * f((i / 400) * 9 + (i % 2) * Math.PI));
const x = tensor(Array.from({ length: 400 }, (_, i) => point(i)));
const arms = tensor(Int32Array.from({ length: 400 }, (_, i) => i % 2));
const model = new Sequential(new Linear(2, 64), new ReLU(), new Linear(64, 64), new ReLU(), new Linear(64, 2));
const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
const learn = (loss) => [optimizer.zeroGrad(), loss.backward(), optimizer.step()];
for (let step = 0; step < 300; step++) scope(() => void learn(crossEntropy(model.forward(x), arms)));
const named = await argmax(model.forward(x), 1).data();
console.log(`accuracy ${named.filter((arm, i) => arm === i % 2).length / 4} %`);
