// The user's own pictures: classes with a name, files and thumbnails, filled by dropping and choosing.
import { classOf, type PictureFile } from 'wgrad/data';
import { element } from './page.js';

interface Class {
  name: string;
  files: File[];
}

const PICTURE = /\.(jpe?g|png|webp|gif|avif|bmp)$/i;
const THUMBNAILS = 6;

/** A file and its path below what was dropped or chosen. */
interface Found {
  file: File;
  path: string;
}

/** Everything in a drop, folders walked through. */
export async function filesOf(transfer: DataTransfer): Promise<Found[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map((entry) => walk(entry, '')))).flat();
}

async function walk(entry: FileSystemEntry, above: string): Promise<Found[]> {
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break; // a reader gives a hundred at a time
    inside.push(...some);
  }
  return (await Promise.all(inside.map((child) => walk(child, `${path}/`)))).flat();
}

/** Lets an element take drops, and shows when it would. */
export function onDrop(target: HTMLElement, take: (transfer: DataTransfer) => void): void {
  target.addEventListener('dragover', (event) => {
    event.preventDefault();
    target.classList.add('over');
  });
  target.addEventListener('dragleave', () => target.classList.remove('over'));
  target.addEventListener('drop', (event) => {
    event.preventDefault();
    event.stopPropagation();
    target.classList.remove('over');
    if (event.dataTransfer) take(event.dataTransfer);
  });
}

export class Pictures {
  private classes: Class[] = [];

  constructor(private readonly changed: () => void) {
    onDrop(element('drop'), (transfer) => void filesOf(transfer).then((found) => this.sort(found)));
    const folder = element<HTMLInputElement>('choose-folder');
    folder.addEventListener('change', () => {
      this.sort([...(folder.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      folder.value = '';
    });
    element('add-class').addEventListener('click', () => {
      this.classes.push({ name: `class ${this.classes.length + 1}`, files: [] });
      this.show();
      element('classes').querySelector<HTMLInputElement>('li:last-child input[type=text]')?.select();
    });
    this.show();
  }

  /** What to train on, or why that is not possible yet. */
  files(): PictureFile[] | string {
    const filled = this.classes.filter(({ files }) => files.length > 0);
    const names = filled.map(({ name }) => name.trim());
    if (filled.length < 2) return 'Two classes or more are needed, each with some pictures.';
    if (names.some((name) => name === '')) return 'Every class needs a name.';
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice) return `Two classes are called “${twice}”.`;
    const few = filled.find(({ files }) => files.length < 4);
    if (few) return `“${few.name}” has ${few.files.length} pictures; four or more are needed.`;
    return filled.flatMap(({ files }, i) => files.map((file) => ({ file, name: file.name, label: names[i] })));
  }

  /** Sorts files into classes by folder or name. */
  private sort(found: Found[]): void {
    const pictures = found.filter(({ path }) => PICTURE.test(path) && !/(^|\/)\./.test(path));
    const paths = pictures.map(({ path }) => path.split('/'));
    // A folder around everything else is not a class.
    const shared = paths.length > 0 && paths.every((p) => p.length > 2 && p[0] === paths[0][0]) ? 1 : 0;
    const oneFlat =
      paths.every((p) => p.length === 2 && p[0] === paths[0][0]) && new Set(paths.map((p) => classOf(p[1]))).size > 1;
    for (const [i, { file }] of pictures.entries()) {
      this.class(classOf(paths[i].slice(shared || oneFlat ? 1 : 0).join('/'))).files.push(file);
    }
    this.classes.sort((a, b) => a.name.localeCompare(b.name));
    this.show();
  }

  private class(name: string): Class {
    let found = this.classes.find((c) => c.name === name);
    if (!found) {
      found = { name, files: [] };
      this.classes.push(found);
    }
    return found;
  }

  private show(): void {
    element('classes').replaceChildren(...this.classes.map((c) => this.row(c)));
    const problem = this.files();
    element('classes-note').textContent =
      this.classes.length === 0 ? '' : typeof problem === 'string' ? problem : `${problem.length} pictures, ready.`;
    this.changed();
  }

  private row(c: Class): HTMLLIElement {
    const row = document.createElement('li');
    const name = Object.assign(document.createElement('input'), {
      type: 'text',
      value: c.name,
      ariaLabel: 'Name of the class',
    });
    name.addEventListener('change', () => {
      c.name = name.value.trim();
      this.show();
    });
    const count = Object.assign(document.createElement('span'), {
      className: 'count',
      textContent: `${c.files.length}`,
    });
    const actions = Object.assign(document.createElement('span'), { className: 'actions' });
    const add = Object.assign(document.createElement('label'), { className: 'button', textContent: 'Add' });
    const input = Object.assign(document.createElement('input'), { type: 'file', multiple: true, accept: 'image/*' });
    input.addEventListener('change', () => this.add(c, [...(input.files ?? [])]));
    add.append(input);
    const remove = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Remove' });
    remove.addEventListener('click', () => {
      this.classes = this.classes.filter((other) => other !== c);
      this.show();
    });
    actions.append(add, remove);
    const addFound = (found: Found[]) =>
      this.add(
        c,
        found.map(({ file }) => file),
      );
    onDrop(row, (transfer) => void filesOf(transfer).then(addFound));
    row.append(name, count, actions, thumbnails(c.files));
    return row;
  }

  private add(c: Class, files: File[]): void {
    c.files.push(...files.filter((file) => PICTURE.test(file.name)));
    this.show();
  }
}

function thumbnails(files: File[]): HTMLElement {
  const strip = Object.assign(document.createElement('div'), { className: 'thumbs' });
  for (const file of files.slice(0, THUMBNAILS)) {
    const image = Object.assign(new Image(), { src: URL.createObjectURL(file), alt: '' });
    image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
    strip.append(image);
  }
  return strip;
}
