// gemm_subgroup_wide: gemm_subgroup.wgsl where B's and C's rows are aligned and a multiple of four long.
//   op(A) (m, k), B (k, n / 4), C (m, n / 4) in vec4s along n, bias (n / 4).
// A lane owns ROWS rows of WIDTH vec4s, the vec4s LANES apart: a fourth of the loads of B and of the stores of C.
enable subgroups;

const LANES: u32 = 8; // slot
const ROW_BLOCKS: u32 = 4; // slot
const WIDTH: u32 = 1; // slot
const ROWS: u32 = ROW_BLOCKS * LANES;
const RAGGED: bool = false; // slot (k is not a multiple of four)
const ACCUMULATE: bool = false; // slot (a constant, because the loads it needs take long to compile)
alias T = f32; // slot
alias U = f32; // slot (C's)
alias A = T; // slot (vec4<T> where rows lie along k, aligned)

struct Params {
  m: u32, n: u32, k: u32, batch: u32, row_tiles: u32, column_tiles: u32,
  a_base: u32, b_base: u32, bias_base: u32, c_base: u32,
  a_row: u32, a_k: u32, b_k: u32, c_row: u32,
  a_batch: u32, b_batch: u32, c_batch: u32,
  has_bias: u32,
}
@group(0) @binding(0) var<storage, read> a: array<A>;
@group(0) @binding(1) var<storage, read> b: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4<U>>;
@group(1) @binding(0) var<uniform> p: Params;

// Four numbers along k; `k` holds their places.
fn load_a(at: u32, k: vec4u) -> vec4f { return vec4f(vec4<T>(a[at + k.x * p.a_k], a[at + k.y * p.a_k], a[at + k.z * p.a_k], a[at + k.w * p.a_k])); } // slot

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let batch = tile / p.column_tiles / p.row_tiles;
  if (batch >= p.batch) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = (tile % p.column_tiles * (LANES * WIDTH) + lane) * 4u;
  var a_at: array<u32, ROW_BLOCKS>;
  for (var h = 0u; h < ROW_BLOCKS; h++) {
    a_at[h] = p.a_base + batch * p.a_batch + min(first_row + h * LANES + lane, p.m - 1u) * p.a_row;
  }
  var b_at: array<u32, WIDTH>;
  for (var j = 0u; j < WIDTH; j++) {
    b_at[j] = p.b_base + batch * p.b_batch + min(first_column + j * LANES * 4u, p.n - 4u);
  }

  var sum: array<array<vec4f, WIDTH>, ROWS>;
  for (var first_k = 0u; first_k < p.k; first_k += 4u) {
    var k = first_k + vec4u(0, 1, 2, 3);
    let inside = k < vec4u(p.k);
    if (RAGGED) { k = min(k, vec4u(p.k - 1u)); }
    var b_k: array<array<vec4f, 4>, WIDTH>;
    for (var j = 0u; j < WIDTH; j++) {
      for (var u = 0u; u < 4u; u++) {
        b_k[j][u] = vec4f(b[(b_at[j] + k[u] * p.b_k) / 4u]);
        if (RAGGED) { b_k[j][u] = select(vec4f(), b_k[j][u], inside[u]); }
      }
    }
    var a_k: array<vec4f, ROW_BLOCKS>;
    for (var h = 0u; h < ROW_BLOCKS; h++) {
      a_k[h] = load_a(a_at[h], k);
      if (RAGGED) { a_k[h] = select(vec4f(), a_k[h], inside); }
    }
    for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
      for (var i = 0u; i < LANES; i++) { // unroll
        let row = subgroupShuffle(a_k[h], i);
        for (var j = 0u; j < WIDTH; j++) {
          let s = sum[h * LANES + i][j];
          sum[h * LANES + i][j] = s + row.x * b_k[j][0] + row.y * b_k[j][1] + row.z * b_k[j][2] + row.w * b_k[j][3];
        }
      }
    }
  }

  for (var j = 0u; j < WIDTH; j++) {
    let column = first_column + j * LANES * 4u;
    if (column < p.n) {
      var start = vec4f();
      if (p.has_bias != 0u) {
        let at = p.bias_base + column;
        start = vec4f(vec4<T>(bias[at], bias[at + 1u], bias[at + 2u], bias[at + 3u]));
      }
      for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
        for (var i = 0u; i < LANES; i++) { // unroll
          let row = first_row + h * LANES + i;
          if (row < p.m) {
            let at = (p.c_base + batch * p.c_batch + row * p.c_row + column) / 4u;
            var value = start + sum[h * LANES + i][j];
            if (ACCUMULATE) { value += vec4f(c[at]); }
            c[at] = vec4<U>(value);
          }
        }
      }
    }
  }
}
