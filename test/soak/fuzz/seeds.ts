// Small valid files that the mutations start from: made on the spot, or, where our encoders have no such kind, by libjpeg
// and libpng from drawn colours.
import { writeNpy, writeSafetensors } from '../../../src/io/index.js';
import { gradient, makeJpeg, makePng, withOrientation } from '../../node/made-images.js';

const decoded = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

const PROGRESSIVE =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wgARCAAYABgDASIAAhEBAxEB/8QAGQABAAIDAAAAAAAAAAAAAAAAAAMFAQIE/8QAGAEAAgMAAAAAAAAAAAAAAAAABAYAAQL/2gAMAwEAAhADEAAAAaaDHGUz2alWM0HRaiGZ/8QAHBAAAgICAwAAAAAAAAAAAAAAABIBAhETAyIy/9oACAEBAAEFArDDZrHL09GxTYPibyx//8QAGxEAAwACAwAAAAAAAAAAAAAAAAECERIEBSL/2gAIAQMBAT8Bns0yuf6eKwK3tsO2z//EAB0RAAECBwAAAAAAAAAAAAAAAAABAgQFERMVQVH/2gAIAQIBAT8BWWrwx9dFtosOxx//xAAZEAACAwEAAAAAAAAAAAAAAAAAEQEQYSH/2gAIAQEABj8CyumkoUjv/8QAGxABAAIDAQEAAAAAAAAAAAAAAQARITFRgZH/2gAIAQEAAT8hAK4tqBHdEe8GojVqkuvSKXzjlU8gMcsWz//aAAwDAQACAAMAAAAQCOA8/8QAGhEBAAIDAQAAAAAAAAAAAAAAAQARITFhkf/aAAgBAwEBPxChFyd9gFhwTZMsftZ//8QAFxEBAQEBAAAAAAAAAAAAAAAAAQARof/aAAgBAgEBPxAJpxBO1JktS//EACAQAQACAgIBBQAAAAAAAAAAAAERIQBBMZFxYaGxwfD/2gAIAQEAAT8QjBAkH7nDsVbvmsWP0xorn2wQaCEjV3PWSAFEJBDI38YH0UtvX3kRAKnj46wQkHYMYZxNyzef/9k=';
const CMYK =
  '/9j/7gAOQWRvYmUAZAAAAAAC/9sAQwAGBAUGBQQGBgUGBwcGCAoQCgoJCQoUDg8MEBcUGBgXFBYWGh0lHxobIxwWFiAsICMmJykqKRkfLTAtKDAlKCko/9sAQwEHBwcKCAoTCgoTKBoWGigoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo/8AAFAgAEAAQBAEiAAIRAQMRAQQiAP/EABYAAQEBAAAAAAAAAAAAAAAAAAAHBv/EACEQAAEBBwUAAAAAAAAAAAAAAAADAQQFFBZToRVUY5HR/8QAFQEBAQAAAAAAAAAAAAAAAAAABgf/xAAaEQABBQEAAAAAAAAAAAAAAAAAAQMFFVIX/9oADgQBAAIRAxEEAAA/ANBUKVxnYqFK4zsi2lxbfLY8GlxbfLY8K5TsbQHcqkcFar7lyK+5ckKlH28oJR9vKH//2Q==';
const PALETTE_INTERLACED =
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAMAAAFfKj/FAAAAFVBMVEXnCRauC06pDpZNDHRaD5UkDaEYB+UGvSjfAAAAdUlEQVQY00VOCQIEIQgCwfn/kxdtZqPLMCAAkFGADTJntxsLFWdL28MxbS4/VZFQy87C8wLgkc7j14SD8CtalVlRCVp15N3PzutDHAXw9xNRcbjEUGNZJ0HKf6Uwduqxj3dlKP/cGHdPnnNPFeLL8zOtm//hB0jRAtgG5w8fAAAAAElFTkSuQmCC';
const SIXTEEN_BITS_INTERLACED =
  'iVBORw0KGgoAAAANSUhEUgAAAAwAAAAMEAYAAAFx4rAyAAAEA0lEQVQ4y0XLaWyTBRyA8eft+u7oul47aHfSMa6VyZgwGDoIt0wYEiWEZGDkEjSBD9xIRAghogYiKmSEQwciYRgQ3QIYgyGIBIHhEAYbbh1jtOxqt3Vdu7b7+4EPfnx+yaN4HybFgkjr/n6rwwEYpxqaXDNEMmuhYboITUfNt4vGiGB6z1Jz6biIsj1L/WD3xyK5h0OHOlW4PiJ7SUMh0PrbcGuaX+RKb8bnCUdF7v6eqZ0fEdGeNQXuli4FaXUd878FnvRw2J8M6IqG6n74UuSdAAWPUkWSd4DzIxHl3EyTY4VHxFumHOmbAqMqPa8lDEDfhqFfuTVwY87A+3VFYD/o2T7xHGgrZvdMzP0eBk+o9/saIGtkXCRxJjw+2HXPOQjKAuvauVPgWr6/eMACin6xXe8MiFDT5FNsoFsEzlwQo61k4hYwfDYwzrkG1MzQj9YNoDxPz+jRrxP5V2PVpK0FW/lf+qeroLHCaEpbD9ljkksmdEPshSenzwdBOXnR1DarXST/tjfFcASaQ+l3ht2CvhLrQO0uaD3jXtOlQoG742nxFNDcaVZtmptw9YrBONYCgdoOVV0I4ehQZUYndHwSsy01Av2j1ZX+dFDy5sUt31glUlDVfzwtAjHfDGk0mcE9Iertvysho7Vfm70I/pytsasuoGBcwr4/7CIZ91JGHdsokrMabj4UmWXUzXVPE9Gr8GSqiK4kyvFgnYgyvD5lUaNDxK/x2l7UgCEnpnTYEHCtNVS/sEC2p3V/4gnofQ62k6A8mW5all8v4s003muLg65brbXZg/Dg/MitGe9CeFX9iZRtkNWTcKPhAmTNiDngOQjPPnV9HTRDXkN0he4f8G02FVEHmj2d9VYdEB2vur8D5dhZ+PCZSPiAeaFvD+SNCM1JuA+aaN+aHh08zVfXJ/WA15VzakgUxA/zdffsAmt1//xrLqhyaOZ5d8NgadsKSYJUM1i8MKkcXi8DpfhO/rTd+0XU1JalbhOYNnUuL1oAkQbz6nASGM7oN4ffhKCrL+zcCfHlvvyuTSDLIrqUSzB8pfqzrgEiowfrwr9CnVGqQ5ehO8+yQmkEZXIVbO4Vid9qfZDcCO1fuB3Ba2A5FX849nOwNev2an+B5kftLebHoMwwTWrJBs8I39WAAp07LLcLf4KcwsQylxECl9sSckshYNYuDh4CBeKOt5SJTJ4cM7L6HETskXbrEnDejCwOXYekLf5g317QZ2X5UwtBV9lbZiiH+le1jYl5EDWt+2iHG+IuBsdb3wBvjlqdEg+Gtqii/nggdrytuP20CIzdJSICmor+CyIAL1tdH54gAvb7nm9FwH7gpb+y02MVSb+YekZEJLkGnDoR9kHTs////wCPp9qb85ZJFgAAAABJRU5ErkJggg==';

const jpegFile = makeJpeg(24, 16, gradient);

export const jpegs = [
  jpegFile,
  withOrientation(jpegFile, 6, false),
  withOrientation(jpegFile, 8, true),
  decoded(PROGRESSIVE),
  decoded(CMYK),
];

export const pngs = [
  makePng(12, 9, gradient),
  makePng(7, 5, (x, y) => [x * 30, y * 40, 9, x * 36]),
  decoded(PALETTE_INTERLACED),
  decoded(SIXTEEN_BITS_INTERLACED),
];

const weight = { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-9, 7) };

export const safetensors = [
  writeSafetensors([['weight', weight]], { note: 'one' }),
  writeSafetensors(
    [
      ['a.weight', weight],
      ['a.labels', { shape: [4], data: Int32Array.of(1, 2, 3, 4) }],
      ['a.image', { shape: [1, 3, 1], data: Uint8Array.of(1, 2, 3) }],
      ['empty', { shape: [0, 5], data: new Float32Array() }],
    ],
    { format: 'x' },
  ),
];

export const npys = [
  writeNpy(weight),
  writeNpy({ shape: [], data: Int32Array.of(5) }),
  writeNpy({ shape: [3], data: Uint8Array.of(1, 2, 3) }),
];
