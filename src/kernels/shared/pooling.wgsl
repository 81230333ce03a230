// Windows of average pooling.

struct Params { adaptive: u32, count_padding: u32 }
@group(1) @binding(0) var<uniform> p: Params;

// First and last place (excluded) of window i in the image, and how many places it counts.
fn window(i: u32, size: u32, out: u32, extent: u32, stride: u32, padding: u32) -> vec3u {
  if (p.adaptive != 0u) {
    let first = i * size / out;
    let last = ((i + 1u) * size + out - 1u) / out;
    return vec3u(first, last, last - first);
  }
  let start = i * stride; // in the padded image
  let stop = min(start + extent, size + 2u * padding);
  let first = max(start, padding) - padding;
  let last = min(max(stop, padding) - padding, size);
  return vec3u(first, last, select(last - first, stop - start, p.count_padding != 0u));
}
