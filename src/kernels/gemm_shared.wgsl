// gemm_shared: C = op(A) · op(B) (+ bias) (+ C), from workgroup memory: what GPUs run.
//   op(A) (m, k), op(B) (k, n), bias (n), C (slices, batch, m, n): slice s sums its own run of slice_k; sum_slices.wgsl adds them up.
// A workgroup owns TILE_ROWS x TILE_COLUMNS of C, a thread SIDE x SIDE blocks of 4 x 4 of it, and both walk along k in steps of DEPTH.
// A step's numbers of A and B come through registers into workgroup memory, a block of 4 x 4 a thread, k outermost there; the next step's
// are on their way while this one is multiplied. What lies past the edge of k is zero; rows and columns past theirs are not stored.

const TILE_ROWS: u32 = 128; // slot
const TILE_COLUMNS: u32 = 128; // slot
const DEPTH: u32 = 16; // slot
const SIDE: u32 = 2; // slot
const RAGGED: bool = false; // slot (k is not a multiple of four)
const A_ALONG_K: bool = true; // slot (A's rows lie along k)
const B_ALONG_K: bool = false; // slot (B's columns do)
const ACCUMULATE: bool = false; // slot
alias T = f32; // slot
alias U = f32; // slot (C's)
alias A = vec4<T>; // slot (T where what lies in a row is not aligned)
alias B = vec4<T>; // slot
alias C = vec4<U>; // slot
const PARTS: u32 = 1; // slot (of a vec4f in C)

const FOUR: u32 = 4;
const STEP: u32 = 4 * SIDE; // rows and columns of a thread
const ACROSS: u32 = TILE_COLUMNS / STEP; // threads side by side
const THREADS: u32 = TILE_ROWS / STEP * ACROSS;
const K_BLOCKS: u32 = DEPTH / 4;
const A_BLOCKS: u32 = TILE_ROWS / 4 * K_BLOCKS;
const BLOCKS: u32 = A_BLOCKS + TILE_COLUMNS / 4 * K_BLOCKS; // at most THREADS
const A_WIDTH: u32 = TILE_ROWS / 4; // vec4s of A at one k, then those of B
const WIDTH: u32 = A_WIDTH + TILE_COLUMNS / 4;

struct Params {
  m: u32, n: u32, k: u32, batch: u32, row_tiles: u32, column_tiles: u32, slices: u32, slice_k: u32,
  a_base: u32, b_base: u32, bias_base: u32, c_base: u32,
  a_row: u32, a_k: u32, b_k: u32, b_column: u32, c_row: u32,
  a_batch: u32, b_batch: u32, c_batch: u32,
  has_bias: u32,
}
@group(0) @binding(0) var<storage, read> a: array<A>;
@group(0) @binding(1) var<storage, read> b: array<B>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> c: array<C>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> tile: array<vec4f, DEPTH * WIDTH>;

// Four numbers that lie side by side.
fn load_a(at: u32) -> vec4f { return vec4f(a[at / 4u]); } // slot
fn load_b(at: u32) -> vec4f { return vec4f(b[at / 4u]); } // slot
fn part(v: vec4f, i: u32) -> C { return C(v); } // slot (C(v[i]) where C has single numbers)

// Where the four vectors of a block start: its rows (of `count`) if they lie along k, else its places along k.
fn places(along_k: bool, row: u32, count: u32, row_step: u32, k: u32, k_step: u32) -> vec4u {
  let next = vec4u(0, 1, 2, 3);
  if (along_k) { return min(row + next, vec4u(count - 1u)) * row_step + k * k_step; }
  return min(row, (count - 1u) / 4u * 4u) * row_step + (k + next) * k_step;
}

// A block of A or B, its four vectors as they lie in memory; zero from `end` on, but for the last vector that reaches over it.
fn fetch(from_a: bool, at: vec4u, k: u32, end: u32) -> mat4x4f {
  var block = mat4x4f();
  if (k < end) {
    if (from_a) {
      block = mat4x4f(load_a(at.x), load_a(at.y), load_a(at.z), load_a(at.w));
    } else {
      block = mat4x4f(load_b(at.x), load_b(at.y), load_b(at.z), load_b(at.w));
    }
  }
  return block;
}

// The block that was fetched at `k`, a column of it for each k. Not before it is stored: whoever touches it waits for it.
fn arrange(from_a: bool, fetched: mat4x4f, k: u32, end: u32) -> mat4x4f {
  var block = fetched;
  if (select(B_ALONG_K, A_ALONG_K, from_a)) { block = transpose(fetched); }
  if (RAGGED) {
    for (var i = 0u; i < FOUR; i++) { // unroll
      block[i] = select(vec4f(), block[i], k + i < end);
    }
  }
  return block;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x + workgroup.y * groups.x;
  let slice = group / p.column_tiles / p.row_tiles / p.batch;
  if (slice >= p.slices) { return; }
  let batch = group / p.column_tiles / p.row_tiles % p.batch;
  let first_row = group / p.column_tiles % p.row_tiles * TILE_ROWS;
  let first_column = group % p.column_tiles * TILE_COLUMNS;
  let start = slice * p.slice_k;
  let end = min(start + p.slice_k, p.k);

  // The block that this thread brings: eight neighbours go down the rows, the next eight further along k.
  let from_a = lane < A_BLOCKS;
  let block = select(lane - A_BLOCKS, lane, from_a);
  let block_k = block / 8u % K_BLOCKS * 4u;
  let block_row = block % 8u + block / (8u * K_BLOCKS) * 8u;
  var k = start + block_k;
  var at = p.b_base + batch * p.b_batch + places(B_ALONG_K, first_column + block_row * 4u, p.n, p.b_column, k, p.b_k);
  var next_at = DEPTH * p.b_k;
  if (from_a) {
    at = p.a_base + batch * p.a_batch + places(A_ALONG_K, first_row + block_row * 4u, p.m, p.a_row, k, p.a_k);
    next_at = DEPTH * p.a_k;
  }
  let store_at = block_k * WIDTH + block_row + select(A_WIDTH, 0u, from_a);
  let until = select(0u, end, BLOCKS == THREADS || lane < BLOCKS); // the other threads bring nothing

  // A subgroup's 32 threads lie 8 side by side and 4 below each other: few different numbers for it to read.
  let tx = lane % 8u + lane / 32u % (ACROSS / 8u) * 8u;
  let ty = lane / 8u % 4u + lane / (4u * ACROSS) * 4u;
  var sum: array<vec4f, STEP * SIDE>;
  var staged = fetch(from_a, at, k, until);
  for (var first_k = start; first_k < end; first_k += DEPTH) {
    if (lane < BLOCKS) {
      let arranged = arrange(from_a, staged, k, end);
      for (var i = 0u; i < FOUR; i++) { // unroll
        tile[store_at + i * WIDTH] = arranged[i];
      }
    }
    workgroupBarrier();
    k += DEPTH;
    at += vec4u(next_at);
    staged = fetch(from_a, at, k, until);
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
    let column = first_column + h * (TILE_COLUMNS / SIDE) + tx * 4u;
    var initial = vec4f();
    if (p.has_bias != 0u && slice == 0u) {
      for (var i = 0u; i < FOUR; i++) { // unroll
        initial[i] = f32(bias[p.bias_base + min(column + i, p.n - 1u)]);
      }
    }
    for (var i = 0u; i < PARTS; i++) { // unroll
      if (column + i < p.n) {
        for (var g = 0u; g < SIDE; g++) { // unroll
          for (var j = 0u; j < FOUR; j++) { // unroll
            let row = first_row + g * (TILE_ROWS / SIDE) + ty * 4u + j;
            if (row < p.m) {
              let row_at = p.c_base + (slice * p.batch + batch) * p.c_batch + row * p.c_row;
              let c_at = (row_at + column + i) / (4u / PARTS);
              let value = part(initial + sum[(g * 4u + j) * SIDE + h], i);
              if (ACCUMULATE) { c[c_at] += value; } else { c[c_at] = value; }
            }
          }
        }
      }
    }
  }
}
