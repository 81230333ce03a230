// Pictures with what was said of them.
import { escapeXml } from './escape.js';
import { type Heat, heatLayer, isHeat } from './filters.js';
import { dataUrl, type EncodedPicture } from './png.js';

/** A picture and a line or two below it. */
export interface GalleryPicture {
  /** PNG or JPEG, small: 128 pixels a side are enough. */
  picture: EncodedPicture;
  /** Such as 'cat, 97.3 %'. */
  caption: string;
  /** Such as 'is a dog · dog.17.jpg'. Default: nothing. */
  note?: string;
  /** Marks the caption. Default: neither. */
  verdict?: 'right' | 'wrong';
  /** Shown beside it, laid over it. Default: nothing. */
  heat?: Heat;
}

/** Pictures that belong together: predictions, masks, samples. */
export interface Gallery {
  /** Such as 'Most uncertain'. */
  title: string;
  /** A sentence below it. Default: nothing. */
  note?: string;
  /** In order. */
  pictures: readonly GalleryPicture[];
}

/** Whether it can be shown. */
export function isGallery(value: unknown): boolean {
  const { title, pictures } = (value ?? {}) as Partial<Gallery>;
  return typeof title === 'string' && Array.isArray(pictures) && pictures.every(isShown);
}

function isShown(value: unknown): boolean {
  const { picture, caption, heat } = (value ?? {}) as Partial<GalleryPicture>;
  return picture instanceof Uint8Array && typeof caption === 'string' && (heat === undefined || isHeat(heat));
}

/** What pictures may still take of the page, in characters. */
export interface Room {
  left: number;
}

/** The gallery for the page. Pictures for which there is no room are counted and left out. */
export function galleryHtml({ title, note, pictures }: Gallery, room: Room): string {
  const figures: string[] = [];
  let omitted = 0;
  for (const shown of pictures) {
    const figure = (4 / 3) * shown.picture.length * (shown.heat ? 2 : 1) < room.left ? figureOf(shown) : '';
    if (figure === '' || figure.length > room.left) omitted++;
    else {
      room.left -= figure.length;
      figures.push(figure);
    }
  }
  const said = [note && escapeXml(note), omitted > 0 && `${omitted} more did not fit into this file.`].filter(Boolean);
  const remark = said.length > 0 ? `<p>${said.join(' ')}</p>` : '';
  return `<div class="gallery"><h3>${escapeXml(title)}</h3>${remark}<div class="pictures">${figures.join('')}</div></div>`;
}

const MARKS = { right: '✓', wrong: '✗' };

function figureOf({ picture, caption, note, verdict, heat }: GalleryPicture): string {
  const image = `<img alt="" src="${dataUrl('reportHtml', picture)}">`;
  const over = heat ? `<span class="over">${image}<img alt="" class="heat" src="${heatLayer(heat)}"></span>` : '';
  const mark = verdict ? `<b class="${verdict}" title="${verdict}">${MARKS[verdict]}</b> ` : '';
  return (
    `<figure${heat ? ' class="pair"' : ''}><span class="frame">${image}${over}</span>` +
    `<figcaption>${mark}${escapeXml(caption)}${note ? `<small>${escapeXml(note)}</small>` : ''}</figcaption></figure>`
  );
}
