#!/usr/bin/env nextflow

include { INDEX } from './modules/index'
include { COUNT as COUNT_FINAL } from './modules/count'

process REPORT {
    tag "${meta.id}"
    label 'small'
    container "${ workflow.containerEngine == 'singularity' ?
        'https://depot.galaxyproject.org/singularity/multiqc:1.21--pyhdfd78af_0' :
        'quay.io/biocontainers/multiqc:1.21--pyhdfd78af_0' }"

    input:
    tuple val(meta), path(files)

    output:
    path '*.html', emit: report

    script:
    """
    multiqc --filename ${meta.id}.html .
    """
}

workflow {
    reads = Channel.fromPath(params.reads).map { file -> tuple([id: file.baseName], file) }
    INDEX(reads)
    COUNT_FINAL(INDEX.out)
    REPORT(COUNT_FINAL.out)
}
