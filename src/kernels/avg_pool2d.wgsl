// avg_pool2d: y = the mean of x over each window. Adaptive pooling is the same with windows of unequal size:
// window i runs from floor(i * in / out) to ceil((i + 1) * in / out).
//   x (planes, in_h, in_w), y (planes, out_h, out_w)
// One thread owns one element of y. Places in the padding count as zeros where count_padding is set.

alias T = f32; // slot
struct Params {
  count: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32, kernel_h: u32, kernel_w: u32,
  stride_y: u32, stride_x: u32, pad_y: u32, pad_x: u32, count_padding: u32, adaptive: u32, x_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
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

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let rows = window(i / p.out_w % p.out_h, p.in_h, p.out_h, p.kernel_h, p.stride_y, p.pad_y);
  let columns = window(i % p.out_w, p.in_w, p.out_w, p.kernel_w, p.stride_x, p.pad_x);
  let plane = p.x_base + i / p.out_w / p.out_h * p.in_h * p.in_w;
  var sum = 0.0;
  for (var r = rows.x; r < rows.y; r++) {
    for (var c = columns.x; c < columns.y; c++) { sum += f32(x[plane + r * p.in_w + c]); }
  }
  y[p.y_base + i] = T(sum / f32(rows.z * columns.z));
}
