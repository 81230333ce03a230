// avg_pool2d_grad: dx = the sum over the windows that cover a place of dy / (places the window counts).
//   dy (planes, out_h, out_w), dx (planes, in_h, in_w)
// One thread owns one element of dx. avg_pool2d.wgsl says what a window is.

alias T = f32; // slot
struct Params {
  count: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32, kernel_h: u32, kernel_w: u32,
  stride_y: u32, stride_x: u32, pad_y: u32, pad_x: u32, count_padding: u32, adaptive: u32, dy_base: u32, dx_base: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

// First and last place (excluded) of window i in the image, and how many places it counts.
fn window(i: u32, size: u32, out: u32, extent: u32, stride: u32, padding: u32) -> vec3u { // shared
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

// First and last (excluded) window that can cover a place.
fn covering(place: u32, size: u32, out: u32, extent: u32, stride: u32, padding: u32) -> vec2u {
  if (p.adaptive != 0u) { return vec2u(place * out / size, min(((place + 1u) * out + size - 1u) / size, out)); }
  let from_edge = place + padding;
  let first = select(0u, (from_edge - extent) / stride + 1u, from_edge >= extent);
  return vec2u(first, min(from_edge / stride + 1u, out));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let row = i / p.in_w % p.in_h;
  let column = i % p.in_w;
  let plane = p.dy_base + i / p.in_w / p.in_h * p.out_h * p.out_w;
  let rows = covering(row, p.in_h, p.out_h, p.kernel_h, p.stride_y, p.pad_y);
  let columns = covering(column, p.in_w, p.out_w, p.kernel_w, p.stride_x, p.pad_x);
  var sum = 0.0;
  for (var r = rows.x; r < rows.y; r++) {
    let tall = window(r, p.in_h, p.out_h, p.kernel_h, p.stride_y, p.pad_y);
    if (row < tall.x || row >= tall.y) { continue; }
    for (var c = columns.x; c < columns.y; c++) {
      let wide = window(c, p.in_w, p.out_w, p.kernel_w, p.stride_x, p.pad_x);
      if (column < wide.x || column >= wide.y) { continue; }
      sum += f32(dy[plane + r * p.out_w + c]) / f32(tall.z * wide.z);
    }
  }
  dx[p.dx_base + i] = T(sum);
}
