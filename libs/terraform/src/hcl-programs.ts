/**
 * The official reader and writer of HCL: programs of Go that begin to run when they are imported. They are imported when
 * they are first asked for, since each costs a quarter of a second of a processor and tens of megabytes, and a process
 * that never meets Terraform needs neither.
 */
export async function hclToJson(name: string, text: string): Promise<unknown> {
  const { parse } = await import('@cdktn/hcl2json');
  return parse(name, text);
}

/** As `terraform fmt` writes it. */
export async function formatText(text: string): Promise<string> {
  const { format } = await import('@cdktn/hcl-tools');
  return format(text);
}
