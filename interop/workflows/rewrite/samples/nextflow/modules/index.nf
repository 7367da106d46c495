process INDEX {
    container 'quay.io/biocontainers/samtools:1.20--h50ea8bc_0'

    input:
    tuple val(meta), path(reads)

    output:
    tuple val(meta), path('*.bai')

    script:
    // Not an image: quay.io/biocontainers/samtools is only named here.
    """
    samtools index ${reads}
    """
}
