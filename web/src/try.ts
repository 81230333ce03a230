// One picture: what the network calls it, and what each of its layers sees. Pictures are dropped, chosen, drawn, or come
// from the camera.
import { type Remote, transfer } from 'comlink';
import { element, segments } from './page.js';
import { onDrop } from './pictures.js';
import type { LayerMaps } from './planes.js';
import type { Prediction, Session } from './session.js';
import { bitmapOf, drawSheet } from './sheet.js';
import { messageOf } from './words.js';

const SIDE = 240;
const CAMERA_MS = 250;
const SHOWN = 5;

export class TryIt {
  private ready = false;
  private maps: LayerMaps[] = [];
  private layer = '';
  private camera: MediaStream | null = null;
  private busy = false;
  /** What is shown, or the network, is newer than the last naming. */
  private stale = false;
  private drawn = 0;
  private readonly canvas = element<HTMLCanvasElement>('try-picture');
  private readonly video = element<HTMLVideoElement>('camera');

  constructor(
    private readonly session: Remote<Session>,
    private readonly say: (text: string, bad?: boolean) => void,
  ) {
    const file = element<HTMLInputElement>('try-file');
    file.addEventListener('change', () => {
      const [chosen] = file.files ?? [];
      if (chosen) void this.openFile(chosen);
      file.value = '';
    });
    onDrop(element('try-drop'), ({ files }) => files[0] && void this.openFile(files[0]));
    element('try-camera').addEventListener('click', () => void this.toggleCamera());
    element('try-drawn').addEventListener('click', () => void this.openDrawn());
  }

  /** A network is there, or was forgotten. */
  enable(ready: boolean): void {
    this.ready = ready;
    if (ready) void this.name();
    else element('predictions').replaceChildren();
  }

  /** Names the shown picture anew; the network has learned since. */
  async name(): Promise<void> {
    if (!this.ready || this.canvas.hidden) return;
    this.stale = true;
    if (this.busy) return; // named by the call under way, when it is through with the picture before
    this.busy = true;
    try {
      while (this.stale) {
        this.stale = false;
        const [one, two] = await Promise.all([createImageBitmap(this.canvas), createImageBitmap(this.canvas)]);
        this.showPredictions(await this.session.predict(transfer(one, [one])));
        this.maps = await this.session.look(transfer(two, [two]));
        this.showMaps();
      }
    } catch (error) {
      this.say(messageOf(error), true);
    } finally {
      this.busy = false;
    }
  }

  private async openFile(file: File): Promise<void> {
    this.stopCamera();
    try {
      await this.show(await createImageBitmap(file, { imageOrientation: 'from-image' }));
    } catch {
      this.say(`${file.name} is not a picture that this browser can read.`, true);
    }
  }

  private async openDrawn(): Promise<void> {
    this.stopCamera();
    const many = 12;
    await this.show(await bitmapOf(await this.session.examples(many), this.drawn++ % many));
  }

  /** Shows the central square of a picture, and names it. */
  private async show(picture: ImageBitmap | HTMLVideoElement): Promise<void> {
    const [width, height] =
      picture instanceof HTMLVideoElement ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height];
    const side = Math.min(width, height);
    const context = this.canvas.getContext('2d')!;
    context.imageSmoothingQuality = 'high';
    context.fillStyle = 'white';
    context.fillRect(0, 0, SIDE, SIDE);
    context.drawImage(picture, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
    this.canvas.hidden = this.camera !== null;
    element('try-hint').hidden = true;
    if (!this.ready) this.say('Train or load a network; then this picture is named.');
    const { hidden } = this.canvas;
    this.canvas.hidden = false;
    await this.name();
    this.canvas.hidden = hidden;
  }

  private async toggleCamera(): Promise<void> {
    if (this.camera) {
      this.stopCamera();
      this.canvas.hidden = false;
      return;
    }
    try {
      this.camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 320 } });
    } catch (error) {
      this.say(`No camera: ${messageOf(error)}`, true);
      return;
    }
    this.video.srcObject = this.camera;
    await this.video.play();
    this.video.hidden = false;
    element('try-camera').textContent = 'Stop the camera';
    while (this.camera) {
      await this.show(this.video);
      await new Promise((later) => setTimeout(later, CAMERA_MS));
    }
  }

  private stopCamera(): void {
    for (const track of this.camera?.getTracks() ?? []) track.stop();
    this.camera = null;
    this.video.hidden = true;
    element('try-camera').textContent = 'Camera';
  }

  private showPredictions(predictions: Prediction[]): void {
    const rows = predictions.slice(0, SHOWN).map(({ label, probability }) => {
      const row = document.createElement('li');
      const name = Object.assign(document.createElement('strong'), { textContent: label });
      const share = Object.assign(document.createElement('span'), {
        textContent: `${(100 * probability).toFixed(1)} %`,
      });
      const bar = Object.assign(document.createElement('meter'), { value: probability, ariaLabel: label });
      row.append(name, share, bar);
      return row;
    });
    element('predictions').replaceChildren(...rows);
  }

  private showMaps(): void {
    if (!this.maps.some(({ layer }) => layer === this.layer)) this.layer = this.maps[0]?.layer ?? '';
    const layers = this.maps.map(({ layer }): [string, string] => [layer, layer]);
    const place = element('layers');
    if (place.childElementCount !== layers.length) {
      segments(place, 'layer', layers, this.layer, (layer) => {
        this.layer = layer;
        this.showMaps();
      });
    }
    const found = this.maps.find(({ layer }) => layer === this.layer);
    if (!found) return;
    const { count, height, width } = found.planes;
    drawSheet(element<HTMLCanvasElement>('maps'), found.planes, count > 48 ? 16 : 8);
    element('maps-note').textContent =
      `${this.layer}: ${count} maps of ${height} × ${width}; light is where a feature is found.`;
  }
}
