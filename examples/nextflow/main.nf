nextflow.enable.dsl = 2

include { FASTQC } from './modules/fastqc'

process SUMMARY {
    label 'small'

    input:
    path reports

    output:
    path 'summary.txt'

    script:
    """
    cat ${reports} > summary.txt
    """
}

workflow {
    FASTQC(Channel.fromPath(params.reads))
    SUMMARY(FASTQC.out.collect())
}
