/** An element of index.html by its id. */
export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as E;
}

/** Radio buttons side by side; calls back with the value that is chosen. */
export function segments(
  place: HTMLElement,
  name: string,
  choices: [value: string, title: string][],
  chosen: string,
  onChoose: (value: string) => void,
): void {
  place.replaceChildren(
    ...choices.map(([value, title]) => {
      const label = document.createElement('label');
      const input = Object.assign(document.createElement('input'), {
        type: 'radio',
        name,
        value,
        checked: value === chosen,
      });
      input.addEventListener('change', () => onChoose(value));
      label.append(input, Object.assign(document.createElement('span'), { textContent: title }));
      return label;
    }),
  );
}

/** Chooses one of them. */
export function setRadio(name: string, value: string): void {
  for (const radio of document.querySelectorAll<HTMLInputElement>(`input[name=${name}]`))
    radio.checked = radio.value === value;
}
