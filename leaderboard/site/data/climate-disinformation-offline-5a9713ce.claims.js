Frugal.addClaims('{"board":"climate-disinformation-offline-5a9713ce","claims":{"0":[4,1,1]}}');
