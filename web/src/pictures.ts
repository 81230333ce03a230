// The user's own pictures: classes with a name, files and thumbnails, filled by dropping and choosing.
import { classFolder, classOf, type PictureFile } from 'wgrad/data';
import { type NetworkName, networks } from './networks.js';
import { element } from './page.js';

interface Class {
  name: string;
  files: File[];
}

const PICTURE = /\.(jpe?g|jpe|jfif|a?png|webp|gif|avif|bmp)$/i;
/** Pictures that not every browser reads. */
const OTHER_PICTURE = /\.(tiff?|heic|heif|jxl|jp2|psd|dng|cr2|nef|arw)$/i;
const HIDDEN = /(^|\/)\./;
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
  /** Files of the last drop or choice that are pictures and cannot be read. */
  private left: string[] = [];
  /** Why nothing was taken of it. */
  private problem = '';
  /** Pictures of a run from before, which the worker has in the size of its network. */
  private kept: { count: number; classes: readonly string[]; network: NetworkName } | null = null;

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

  /** Shows that the worker has pictures from before, until others are chosen. */
  showKept(count: number, classes: readonly string[], network: NetworkName): void {
    this.kept = { count, classes, network };
    this.show();
  }

  dropKept(): void {
    this.kept = null;
    this.show();
  }

  /** The network for which the worker has pictures from before, or null. */
  get keptFor(): NetworkName | null {
    return this.classes.length === 0 ? (this.kept?.network ?? null) : null;
  }

  /** What to train on, or why that is not possible yet. */
  files(): PictureFile[] | string {
    const { keptFor } = this;
    if (keptFor)
      return `The kept pictures have the size for “${networks[keptFor].title}”; for another network, drop them again.`;
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
    const seen = found.filter(({ path }) => !HIDDEN.test(path));
    const pictures = seen.filter(({ path }) => PICTURE.test(path));
    this.left = seen.map(({ path }) => path).filter((path) => OTHER_PICTURE.test(path));
    try {
      const within = folderOf(pictures.map(({ path }) => path));
      for (const { file, path } of pictures) {
        if (path.startsWith(within)) this.class(classOf(path.slice(within.length))).files.push(file);
      }
    } catch (error) {
      this.problem = (error as Error).message;
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
    const files = this.files();
    const state =
      this.classes.length === 0
        ? this.keptNote()
        : typeof files === 'string'
          ? files
          : `${files.length} pictures, ready.`;
    const left =
      this.left.length > 0 ? `Left out: ${this.left.length} that browsers do not read, such as ${this.left[0]}.` : '';
    element('classes-note').textContent = [this.problem, state, left].filter(Boolean).join(' ');
    this.problem = '';
    this.changed();
  }

  private keptNote(): string {
    if (!this.kept) return '';
    const { count, classes } = this.kept;
    return `${count} pictures of ${classes.join(', ')}, kept from before. Dropped ones take their place.`;
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
    this.left = files.map(({ name }) => name).filter((name) => OTHER_PICTURE.test(name));
    c.files.push(...files.filter((file) => PICTURE.test(file.name)));
    this.show();
  }
}

/** What stands around the classes; also a single folder of files whose names tell classes apart, of several pictures each. */
function folderOf(paths: string[]): string {
  const within = classFolder(paths);
  const rest = paths.filter((path) => path.startsWith(within)).map((path) => path.slice(within.length).split('/'));
  const [top] = rest[0] ?? [];
  if (!rest.every((parts) => parts.length === 2 && parts[0] === top)) return within;
  const classes = new Set(rest.map((parts) => classOf(parts[1])));
  return classes.size > 1 && classes.size * 2 <= rest.length ? `${within}${top}/` : within;
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
