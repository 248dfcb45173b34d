/**
 * Functions of Terraform 1.11 that a change may call: they compute from what they are given, and touch nothing else.
 * Source: the language's function reference. What is not here is refused: a function we do not know may do anything.
 */
export const PURE_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'abs ceil floor log max min parseint pow signum ' +
    'basename chomp dirname endswith format formatlist indent join lower regex regexall replace split startswith strcontains strrev ' +
    'substr title trim trimprefix trimspace trimsuffix upper ' +
    'alltrue anytrue chunklist coalesce coalescelist compact concat contains distinct element flatten index keys ' +
    'length list lookup map matchkeys merge one range reverse setintersection setproduct setsubtract setunion slice ' +
    'sort sum transpose values zipmap ' +
    'base64decode base64encode base64gzip csvdecode jsondecode jsonencode textdecodebase64 textencodebase64 ' +
    'urlencode yamldecode yamlencode ' +
    'formatdate plantimestamp timeadd timecmp timestamp ' +
    'base64sha256 base64sha512 bcrypt md5 rsadecrypt sha1 sha256 sha512 uuid uuidv5 ' +
    'cidrhost cidrnetmask cidrsubnet cidrsubnets ' +
    'can ephemeralasnull issensitive sensitive tobool tolist tomap tonumber toset tostring try type'
  ).split(' '),
);

/** Functions that read a file; allowed only with a plain path to a file of the change's own module. */
export const FILE_FUNCTIONS: ReadonlySet<string> = new Set(
  'file filebase64 filebase64sha256 filebase64sha512 fileexists filemd5 filesha1 filesha256 filesha512'.split(' '),
);

/**
 * Functions that look at the machine, run text as a template, or take the mark off a secret, which the plan would then
 * show to whoever may read the run: refused with whatever argument.
 */
export const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set(
  'abspath fileset nonsensitive pathexpand templatefile templatestring'.split(' '),
);
