// conv2d_grad_weight_shared: the gradient with respect to weight as an implicit matrix product, from workgroup memory: what GPUs run;
// padding is in x already.
//   rows: output channels of a group. columns: input channels of a group and taps. k: pixels of a slice's images.
//   x (batch, groups * channels, in_h, in_w), dy (batch, groups * rows, out_h, out_w)
//   partial (slices, groups * rows, columns): slice s sums its own run of images; sum_slices.wgsl adds them up
// gemm_shared.wgsl says how it goes. A workgroup owns TILE_ROWS x TILE_COLUMNS of one slice. Where rows and columns start is worked out once, where a
// block's pixels are, once a block: their places go on as a clock's do, with a carry at the end of a row and of an image.

const TILE_ROWS: u32 = 128; // slot
const TILE_COLUMNS: u32 = 128; // slot
const DEPTH: u32 = 16; // slot
const SIDE: u32 = 2; // slot

const FOUR: u32 = 4;
const STEP: u32 = 4 * SIDE; // rows and columns of a thread
const ACROSS: u32 = TILE_COLUMNS / STEP; // threads side by side
const THREADS: u32 = TILE_ROWS / STEP * ACROSS;
const K_BLOCKS: u32 = DEPTH / 4;
const A_BLOCKS: u32 = TILE_ROWS / 4 * K_BLOCKS; // of dy; the rest are x's
const BLOCKS: u32 = A_BLOCKS + TILE_COLUMNS / 4 * K_BLOCKS; // at most THREADS
const A_WIDTH: u32 = TILE_ROWS / 4; // vec4s of dy at one k, then those of x
const WIDTH: u32 = A_WIDTH + TILE_COLUMNS / 4;

alias T = f32; // slot
alias U = f32; // slot (partial's)
struct Params {
  rows: u32, columns: u32, conv_groups: u32, row_tiles: u32, column_tiles: u32, channels: u32, kernel_w: u32, kernel_area: u32,
  batch: u32, slices: u32, images_per_slice: u32,
  in_w: u32, in_plane: u32, in_image: u32, out_w: u32, out_h: u32, out_plane: u32, out_image: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  x_base: u32, dy_base: u32, partial_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> partial: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> tile: array<vec4f, DEPTH * WIDTH>;

// A pixel of the output: its column, its row and its image.
fn pixel_of(k: u32) -> vec3u { return vec3u(k % p.out_w, k / p.out_w % p.out_h, k / p.out_plane); }

// The pixel that many pixels on.
fn go_on(pixel: vec3u, by: vec3u) -> vec3u {
  let next = pixel + by;
  let row = next + select(vec3u(), vec3u(0u - p.out_w, 1u, 0u), next.x >= p.out_w);
  return row + select(vec3u(), vec3u(0u, 0u - p.out_h, 1u), row.y >= p.out_h);
}

// The four numbers of column block `block`, at `i`: eight neighbours, then the next eight, so that threads side by side load and store side by side.
fn column_of(block: u32, i: u32) -> u32 { return block / 8u * 32u + i * 8u + block % 8u; } // shared

// How far the four pixels of a block lie from the first, `steps` from one to the next, row to row and image to image: those at `first`, K_BLOCKS on,
// twice and three times that. 0 from `end` on.
fn offsets(first: vec3u, steps: vec3u, k: u32, end: u32) -> vec4u {
  var pixel = first;
  var offset = vec4u();
  for (var i = 0u; i < FOUR; i++) { // unroll
    offset[i] = select(0u, dot(pixel, steps), k + i * K_BLOCKS < end);
    pixel = go_on(pixel, pixel_of(K_BLOCKS));
  }
  return offset;
}

// A block of dy or x, a column of the matrix for each k; from `end` on the first pixel's, or zero.
fn fetch(from_a: bool, at: vec4u, pixel: vec3u, k: u32, end: u32) -> mat4x4f {
  var block = mat4x4f();
  if (BLOCKS == THREADS || k < end) { // with none to spare, a test costs more than it saves
    if (from_a) {
      let offset = offsets(pixel, vec3u(1u, p.out_w, p.out_image), k, end);
      for (var i = 0u; i < FOUR; i++) { // unroll
        let place = at + offset[i];
        block[i] = vec4f(vec4<T>(dy[place.x], dy[place.y], dy[place.z], dy[place.w]));
      }
    } else {
      let offset = offsets(pixel, vec3u(p.stride_x, p.stride_y * p.in_w, p.in_image), k, end);
      for (var i = 0u; i < FOUR; i++) { // unroll
        let place = at + offset[i];
        block[i] = vec4f(vec4<T>(x[place.x], x[place.y], x[place.z], x[place.w]));
      }
    }
  }
  return block;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x + workgroup.y * groups.x;
  let conv_group = group / p.column_tiles / p.row_tiles % p.conv_groups;
  let slice = group / p.column_tiles / p.row_tiles / p.conv_groups;
  if (slice >= p.slices) { return; }
  let first_row = group / p.column_tiles % p.row_tiles * TILE_ROWS;
  let first_column = group % p.column_tiles * TILE_COLUMNS;
  let first_image = slice * p.images_per_slice;
  let end = (min(first_image + p.images_per_slice, p.batch) - first_image) * p.out_plane;

  // The block that this thread brings: eight neighbours go down the rows or along the columns, the next eight one further along k;
  // its four places along k are K_BLOCKS apart, so that these lie side by side.
  let from_a = lane < A_BLOCKS;
  let block = select(lane - A_BLOCKS, lane, from_a);
  let block_k = block / 8u % K_BLOCKS;
  let block_row = block % 8u + block / (8u * K_BLOCKS) * 8u;
  var at = vec4u();
  for (var i = 0u; i < FOUR; i++) { // unroll
    if (from_a) {
      let row = min(first_row + block_row * 4u + i, p.rows - 1u);
      at[i] = p.dy_base + first_image * p.out_image + (conv_group * p.rows + row) * p.out_plane;
    } else {
      let column = min(first_column + column_of(block_row, i), p.columns - 1u);
      let tap = column % p.kernel_area;
      at[i] = p.x_base + first_image * p.in_image + (conv_group * p.channels + column / p.kernel_area) * p.in_plane
            + tap / p.kernel_w * p.dilation_y * p.in_w + tap % p.kernel_w * p.dilation_x;
    }
  }
  var k = block_k;
  var pixel = pixel_of(k);
  let store_at = block_k * 4u * WIDTH + block_row + select(A_WIDTH, 0u, from_a);
  let until = select(0u, end, BLOCKS == THREADS || lane < BLOCKS); // the other threads bring nothing

  // A subgroup's 32 threads lie 8 side by side and 4 below each other: few different numbers for it to read.
  let tx = lane % 8u + lane / 32u % (ACROSS / 8u) * 8u;
  let ty = lane / 8u % 4u + lane / (4u * ACROSS) * 4u;
  var sum: array<vec4f, STEP * SIDE>;
  var staged = fetch(from_a, at, pixel, k, until);
  for (var first_k = 0u; first_k < end; first_k += DEPTH) {
    if (lane < BLOCKS) {
      for (var i = 0u; i < FOUR; i++) { // unroll
        tile[store_at + i * WIDTH] = select(vec4f(), staged[i], k + i * K_BLOCKS < end); // not before: whoever touches it waits for it
      }
    }
    workgroupBarrier();
    k += DEPTH;
    pixel = go_on(pixel, pixel_of(DEPTH));
    staged = fetch(from_a, at, pixel, k, until);
    for (var k4 = 0u; k4 < K_BLOCKS; k4++) {
      for (var i = 0u; i < FOUR; i++) { // unroll
        let row_k = (k4 * 4u + i) * WIDTH;
        var b_k = array<vec4f, SIDE>();
        for (var h = 0u; h < SIDE; h++) { // unroll
          b_k[h] = tile[row_k + A_WIDTH + h * (TILE_COLUMNS / 4u / SIDE) + tx];
        }
        for (var g = 0u; g < SIDE; g++) { // unroll
          let a_k = tile[row_k + g * (A_WIDTH / SIDE) + ty];
          for (var j = 0u; j < FOUR; j++) { // unroll
            for (var h = 0u; h < SIDE; h++) { // unroll
              sum[(g * 4u + j) * SIDE + h] += a_k[j] * b_k[h];
            }
          }
        }
      }
    }
    workgroupBarrier();
  }

  for (var h = 0u; h < SIDE; h++) { // unroll
    for (var i = 0u; i < FOUR; i++) { // unroll
      let column = first_column + column_of(h * (TILE_COLUMNS / 4u / SIDE) + tx, i);
      if (column < p.columns) {
        for (var g = 0u; g < SIDE; g++) { // unroll
          for (var j = 0u; j < FOUR; j++) { // unroll
            let row = first_row + g * (TILE_ROWS / SIDE) + ty * 4u + j;
            if (row < p.rows) {
              let matrix_row = (slice * p.conv_groups + conv_group) * p.rows + row;
              partial[p.partial_base + matrix_row * p.columns + column] = U(sum[(g * 4u + j) * SIDE + h][i]);
            }
          }
        }
      }
    }
  }
}
